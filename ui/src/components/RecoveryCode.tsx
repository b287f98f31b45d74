import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, fieldErrors, take } from "@/api";
import { Button, Form, TextField } from "@/ui";
import { Secret } from "./Snippets";
import { FormError } from "./states";

export const recoveryGroups = (code: string): string[] => code.split("-");
/** The groups are written with care: what hands confuse counts as the same. */
const plain = (text: string): string => text.trim().toUpperCase().replaceAll("O", "0").replace(/[IL]/g, "1").replace(/[\s-]/g, "");

/** A code that is shown once, and is worth nothing to somebody who never wrote it down: so its last group is asked for. */
export function RecoveryCheck({ code, act, pending, error, onCheck, onLater }: { code: string; act: string; pending: boolean; error: unknown; onCheck: (group: string) => void; onLater?: { label: string; run: () => void } }) {
  const [typed, setTyped] = useState("");
  const last = recoveryGroups(code).at(-1) ?? "";
  const right = plain(typed) === plain(last);
  const e = fieldErrors(error);
  return (
    <Form className="form" onSubmit={() => !pending && onCheck(typed.trim())}>
      <Secret value={code} what="recovery code" />
      <p className="dim">This is the only time it is shown. Keep it on paper or in a password manager.</p>
      <TextField label="Type the last group of the code" value={typed} onChange={setTyped} mono autoComplete="off" required error={e.last_group ?? (typed.trim().length >= last.length && !right ? "That is not the last group of the code above." : undefined)} />
      {!!error && !e.last_group && <FormError error={error} />}
      <div className="actions">
        <Button type="submit" kind="primary" pending={pending} disabledReason={!right && "Type the last group to show that you have kept it"}>{act}</Button>
        {onLater && <Button kind="ghost" onPress={onLater.run}>{onLater.label}</Button>}
      </div>
    </Form>
  );
}

/** Makes a new recovery code, shows it, and has part of it typed back. Only then does the one before it stop working. */
export function RecoveryCode({ blocked, show, act, onDone, later }: { blocked: string | null; show: string; act: string; onDone: () => void; later?: { label: string; run: () => void } }) {
  const client = useQueryClient();
  const [code, setCode] = useState<string | null>(null);
  const make = useMutation({
    mutationFn: () => take(api.POST("/vault/recovery-code")),
    onSuccess: (made) => setCode(made.recovery_code),
    gcTime: 0,
  });
  const check = useMutation({
    mutationFn: (last_group: string) => take(api.POST("/vault/recovery-code/check", { body: { last_group } })),
    onSuccess: () => {
      setCode(null);
      void client.invalidateQueries({ queryKey: ["vault"] });
      onDone();
    },
    gcTime: 0,
  });
  if (code) return <RecoveryCheck code={code} act={act} pending={check.isPending} error={check.error} onCheck={(group) => check.mutate(group)} onLater={later} />;
  return (
    <div className="form">
      {!!make.error && <FormError error={make.error} />}
      <div className="actions">
        <Button kind="primary" onPress={() => make.mutate()} pending={make.isPending} disabledReason={blocked}>{show}</Button>
        {later && <Button kind="ghost" onPress={later.run}>{later.label}</Button>}
      </div>
    </div>
  );
}

type Typed = "recovery_code" | "passphrase";

/** The ways out of a locked vault: trying again, the recovery code, the passphrase. */
export function UnlockVault({ how, firstRun, onOpen }: { how: Typed; firstRun: boolean; onOpen: () => void }) {
  const [typed, setTyped] = useState("");
  const [again, setAgain] = useState("");
  const code = how === "recovery_code";
  const open = useMutation({
    mutationFn: () => take(api.POST("/vault/unlock", { body: code ? { recovery_code: typed.trim() } : { passphrase: typed } })),
    onSuccess: onOpen,
    gcTime: 0,
  });
  const e = fieldErrors(open.error);
  const different = firstRun && !code && typed !== again;
  return (
    <Form className="form" onSubmit={() => !open.isPending && open.mutate()}>
      {code
        ? <TextField label="Recovery code" value={typed} onChange={setTyped} mono autoComplete="off" required error={e.recovery_code} />
        : <TextField label={firstRun ? "New passphrase" : "Passphrase"} type="password" value={typed} onChange={setTyped} autoComplete={firstRun ? "new-password" : "current-password"} required error={e.passphrase} hint={firstRun ? "Asked for at every start. At least 15 characters; a few unrelated words make a good one." : undefined} />}
      {firstRun && !code && <TextField label="The same once more" type="password" value={again} onChange={setAgain} autoComplete="new-password" required error={again && different ? "The two are not the same." : undefined} />}
      {!!open.error && !e.recovery_code && !e.passphrase && <FormError error={open.error} />}
      <div className="row"><Button type="submit" kind="primary" pending={open.isPending} disabledReason={!typed.trim() ? `Enter the ${code ? "recovery code" : "passphrase"}` : different && "Type the passphrase twice"}>{firstRun && !code ? "Make the vault" : "Open the vault"}</Button></div>
    </Form>
  );
}
