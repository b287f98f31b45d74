import { useMutation } from "@tanstack/react-query";
import { fieldErrors, type CredentialView } from "@/api";
import { FormError, useForm } from "@/components";
import { createCredential, emptyKey, keyBlocked, KeyFields } from "@/features/keys";
import { RestoreSheet } from "@/features/vault";
import { Button, Form } from "@/ui";
import { useState } from "react";

export function ProviderStep({ locked, onDone }: { locked: boolean; onDone: (credential: CredentialView | null) => void }) {
  const form = useForm(emptyKey);
  const [restoring, setRestoring] = useState(false);
  const [restored, setRestored] = useState(false);
  const save = useMutation({ mutationFn: () => createCredential(form.values), onSuccess: onDone });
  const blocked = locked ? "The vault is locked" : keyBlocked(form.values);
  return (
    <Form className="form" onSubmit={() => !save.isPending && save.mutate()}>
      <div><h1>A provider key</h1><p className="lede" style={{ marginBottom: 0 }}>Reeve passes calls on with this key. Tenants never see it, and it is never shown again.</p></div>
      <KeyFields values={form.values} set={form.set} error={save.error} />
      {!!save.error && Object.keys(fieldErrors(save.error)).length === 0 && <FormError error={save.error} />}
      <div className="actions">
        <Button type="submit" kind="primary" pending={save.isPending} disabledReason={blocked}>Store key</Button>
        <Button onPress={() => setRestoring(true)} disabledReason={locked && "The vault is locked"}>Restore from a backup</Button>
        <Button kind="ghost" onPress={() => onDone(null)}>Skip for now</Button>
      </div>
      {restoring && <RestoreSheet onRestored={() => setRestored(true)} onClose={() => (restored ? onDone(null) : setRestoring(false))} />}
    </Form>
  );
}
