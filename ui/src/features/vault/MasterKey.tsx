import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, fieldErrors, take, type VaultStatusView } from "@/api";
import { Confirm, FormError, Properties, RecoveryCheck, TimeAgo } from "@/components";
import { formatCount, plural } from "@/lib/number";
import { Button, Dialog, Form, Notice, Progress, TextField, toast } from "@/ui";
import { isRotating, progressOf, vaultQuery } from "./queries";

function Routine({ vault, onClose }: { vault: VaultStatusView; onClose: () => void }) {
  const client = useQueryClient();
  const rotate = useMutation({
    mutationFn: () => take(api.POST("/vault/rotate")),
    onSuccess: (now) => {
      client.setQueryData(vaultQuery.queryKey, now);
      onClose();
    },
  });
  return (
    <Confirm title="Rotate the master key?" act="Rotate" kind="primary" pending={rotate.isPending} error={rotate.error} onConfirm={() => rotate.mutate()} onClose={onClose}>
      {plural(vault.values, "sealed value gets", "sealed values get")} a new wrapping, in the background and within seconds. Calls go on. Nothing changes at your providers, and every way to open the vault stays as it is. If somebody may have had the vault’s key, this is not enough: replace the root key instead.
    </Confirm>
  );
}

function Compromised({ vault, onClose }: { vault: VaultStatusView; onClose: () => void }) {
  const client = useQueryClient();
  const [code, setCode] = useState<string | null>(null);
  const [passphrase, setPassphrase] = useState("");
  const typed = vault.slots.some((s) => s.kind === "passphrase" || s.kind === "strict");
  const prepare = useMutation({
    mutationFn: () => take(api.POST("/vault/root-key", { body: typed ? { passphrase } : {} })),
    onSuccess: (made) => setCode(made.recovery_code),
    gcTime: 0,
  });
  const confirm = useMutation({
    mutationFn: (last_group: string) => take(api.POST("/vault/root-key/confirm", { body: { last_group } })),
    onSuccess: (now) => {
      client.setQueryData(vaultQuery.queryKey, now);
      onClose();
      toast({ title: "The new root key is in use", detail: "Now replace the provider keys themselves, under Keys." });
    },
    gcTime: 0,
  });
  const e = fieldErrors(prepare.error);
  return (
    <Dialog title="Replace the root key" onClose={onClose} sticky wide>
      <div className="content">
        <Notice tone="warn" box><b className="strong">This does not make stolen keys safe. </b>Who had the old root key and a copy of the database reads the provider keys in that copy, today and in a year. So replace the provider keys themselves afterwards, under Keys: only that helps.</Notice>
        <p className="dim">Everything is sealed anew under another root key. Every way to open the vault is made anew with it: the keyring and KEY_ENCRYPTION_SECRET by themselves, the recovery code is a new one, and the old one opens nothing any more.</p>
        {!code ? (
          <Form className="form" onSubmit={() => !prepare.isPending && prepare.mutate()}>
            {typed && <TextField label="Passphrase, the one in use or a new one" type="password" value={passphrase} onChange={setPassphrase} autoComplete="current-password" required error={e.passphrase} />}
            {!!prepare.error && !e.passphrase && <FormError error={prepare.error} />}
            <div className="actions"><Button type="submit" kind="primary" pending={prepare.isPending} disabledReason={typed && !passphrase && "Enter the passphrase"}>Make the new root key</Button><Button onPress={onClose}>Cancel</Button></div>
          </Form>
        ) : <RecoveryCheck code={code} act="Put the new root key into use" pending={confirm.isPending} error={confirm.error} onCheck={(group) => confirm.mutate(group)} onLater={{ label: "Cancel, change nothing", run: onClose }} />}
      </div>
    </Dialog>
  );
}

export function MasterKey({ vault, may }: { vault: VaultStatusView; may: string | null }) {
  const [open, setOpen] = useState<"routine" | "compromised" | null>(null);
  const close = () => setOpen(null);
  const rotating = isRotating(vault);
  const blocked = may ?? (vault.state === "locked" ? "The vault is locked" : rotating ? "A rotation is under way" : null);
  const r = vault.rewrap;
  return (
    <div className="stackv">
      {r && rotating && (
        <div role="status">
          <p className="row"><b className="strong">{r.kind === "routine" ? "Rotating the master key" : "Replacing the root key"}</b><span className="dim">{progressOf(r).words}</span></p>
          <Progress label="Sealed anew" value={progressOf(r).percent} />
        </div>
      )}
      <Properties wide items={[
        ["Sealed under it", `${formatCount(vault.values)} values`],
        ["Epoch", String(vault.epoch)],
        ["Used in this epoch", `${formatCount(vault.seals)} times of ${formatCount(vault.seals_most)}; it rotates by itself at half of that`],
        ["Last rotation", r?.ended_at ? <span key="r"><TimeAgo at={r.ended_at} />{r.kind === "compromised" ? ", with a new root key" : ", routine"}</span> : rotating ? "under way" : "never"],
      ]} />
      <div className="row">
        <Button onPress={() => setOpen("routine")} disabledReason={blocked}>Rotate the master key</Button>
        <Button onPress={() => setOpen("compromised")} disabledReason={blocked}>Somebody may have had it: replace the root key</Button>
      </div>
      {open === "routine" && <Routine vault={vault} onClose={close} />}
      {open === "compromised" && <Compromised vault={vault} onClose={close} />}
    </div>
  );
}
