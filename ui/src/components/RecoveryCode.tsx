import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, fieldErrors, take } from "@/api";
import { Button, Form, TextField } from "@/ui";
import { Secret } from "./Snippets";
import { FormError } from "./states";

export const recoveryGroups = (code: string): string[] => code.split("-");

/** Makes a new recovery code, once asked, and shows it. The one before it stops working. */
export function RecoveryCode({ code, onMade, blocked, again }: { code: string | null; onMade: (code: string) => void; blocked: string | null; again?: boolean }) {
  const make = useMutation({
    mutationFn: () => take(api.POST("/vault/recovery-code")),
    onSuccess: (made) => onMade(made.recovery_code),
    gcTime: 0,
  });
  if (code) {
    return (
      <>
        <Secret value={code} what="recovery code" />
        <p className="dim">This is the only time it is shown. A new one can be made under Settings; the old one then stops working.</p>
      </>
    );
  }
  return (
    <>
      {!!make.error && <FormError error={make.error} />}
      <div className="row"><Button onPress={() => make.mutate()} pending={make.isPending} disabledReason={blocked}>{again ? "Make a new recovery code" : "Show the recovery code"}</Button></div>
    </>
  );
}

/** The way out of a locked vault. */
export function UnlockWithRecovery({ onOpen }: { onOpen: () => void }) {
  const [typed, setTyped] = useState("");
  const open = useMutation({
    mutationFn: () => take(api.POST("/vault/unlock", { body: { recovery_code: typed.trim() } })),
    onSuccess: onOpen,
    gcTime: 0,
  });
  const e = fieldErrors(open.error);
  return (
    <Form className="row" onSubmit={() => !open.isPending && open.mutate()}>
      <TextField label="Recovery code" value={typed} onChange={setTyped} mono autoComplete="off" required error={e.recovery_code} />
      {!!open.error && !e.recovery_code && <FormError error={open.error} />}
      <Button type="submit" small pending={open.isPending} disabledReason={!typed.trim() && "Enter the recovery code"}>Open the vault</Button>
    </Form>
  );
}
