import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, fieldErrors, saveAs, take, type BackupStatusView, type VaultStatusView } from "@/api";
import { ErrorState, Properties, SideForm, SkeletonRows, TimeAgo, useForm, useNow, useZone } from "@/components";
import { plural } from "@/lib/number";
import { dayKey } from "@/lib/time";
import { Button, Notice, TextField, toast } from "@/ui";
import { backupQuery, hintOf } from "./backup";
import { RestoreSheet } from "./Restore";

const MIN = 15;

function MakeBackup({ status, onClose }: { status: BackupStatusView; onClose: () => void }) {
  const client = useQueryClient();
  const zone = useZone();
  const today = dayKey(new Date(useNow()).toISOString(), zone);
  const form = useForm({ typed: "", again: "" });
  const { typed, again } = form.values;
  const make = useMutation({
    mutationFn: async () => {
      const name = `reeve-${today}.reeve-backup`;
      const send = await saveAs(name);
      if (!send) return null;
      await take(api.POST("/vault/backup", { body: typed ? { passphrase: typed } : {}, parseAs: "text", fetch: send }));
      return name;
    },
    onSuccess: (name) => {
      if (name === null) return;
      void client.invalidateQueries({ queryKey: backupQuery.queryKey });
      toast({ title: `Made ${name}`, detail: "Keep it on another machine. It is an entry of the audit trail." });
      onClose();
    },
    gcTime: 0,
  });
  const e = fieldErrors(make.error);
  const wanted = typed !== "" || again !== "" || !status.recovery_code;
  const blocked = wanted && typed.length < MIN ? `A passphrase of at least ${MIN} characters` : wanted && typed !== again && "Type the passphrase twice";
  return (
    <SideForm title="Make a backup" submit="Make the backup" onSubmit={() => make.mutate()} onClose={onClose} pending={make.isPending} error={make.error} shown={["passphrase"]} blocked={blocked}>
      <p className="dim">One encrypted file with {plural(status.keys, "key")}: every provider key with its versions, and the admin keys. Tenants, budgets, usage and the audit trail are not in it: those are in the data folder.</p>
      {status.recovery_code
        ? <Notice tone="info" box>The recovery code of this vault opens it. If you give a passphrase, that opens it too.</Notice>
        : <Notice tone="warn" box>Nobody has typed a recovery code back, so only a passphrase opens this backup. Forgotten, the file is of no use.</Notice>}
      <TextField label={status.recovery_code ? "Passphrase for this backup, if you want one" : "Passphrase for this backup"} type="password" {...form.bind("typed")} autoComplete="new-password" hint={`At least ${MIN} characters; for this file alone`} error={e.passphrase} required={!status.recovery_code} />
      <TextField label="The same once more" type="password" {...form.bind("again")} autoComplete="new-password" error={again && typed !== again ? "The two are not the same." : undefined} required={!status.recovery_code} />
    </SideForm>
  );
}

export function Backup({ vault, may }: { vault: VaultStatusView; may: string | null }) {
  const [open, setOpen] = useState<"make" | "restore" | null>(null);
  const query = useQuery(backupQuery);
  const blocked = may ?? (vault.state === "locked" ? "The vault is locked" : null);
  const close = () => setOpen(null);
  if (query.isError) return <ErrorState of={query} what="Backups" />;
  if (!query.data) return <SkeletonRows rows={3} />;
  const status = query.data;
  const hint = hintOf(status);
  return (
    <div className="stackv">
      {hint && <Notice tone="warn" box>{hint}</Notice>}
      <Properties wide items={[
        ["Last backup", status.made_at ? <span key="m"><TimeAgo at={status.made_at} />, with {plural(status.made_keys ?? 0, "key")}</span> : "never made here"],
        ["To back up", status.keys === 0 ? "no keys yet" : plural(status.keys, "key")],
        ["Opens with", status.recovery_code ? "the recovery code, and a passphrase if you give one" : "a passphrase that you give"],
      ]} />
      <div className="row">
        <Button onPress={() => setOpen("make")} disabledReason={blocked}>Make a backup</Button>
        <Button onPress={() => setOpen("restore")} disabledReason={blocked}>Restore from a backup</Button>
      </div>
      {open === "make" && <MakeBackup status={status} onClose={close} />}
      {open === "restore" && <RestoreSheet onClose={close} />}
    </div>
  );
}
