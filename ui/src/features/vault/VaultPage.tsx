import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { api, take, type VaultStatusView } from "@/api";
import { Confirm, ErrorState, Page, Properties, SkeletonRows, TimeAgo, useMay, vaultWords } from "@/components";
import { Button, Chip, Empty, Notice, toast } from "@/ui";
import { Backup } from "./Backup";
import { MasterKey } from "./MasterKey";
import { SLOT_WORDS, vaultQuery } from "./queries";
import { Slots } from "./Slots";

function Card({ title, lede, children }: { title: string; lede?: ReactNode; children: ReactNode }) {
  return <section className="card"><header><h2>{title}</h2>{lede && <span className="dim">{lede}</span>}</header><div className="body">{children}</div></section>;
}

const WARNINGS: Record<VaultStatusView["warnings"][number], [tone: "warn" | "bad", what: string, text: string]> = {
  older_copy: ["bad", "This is an older copy of the vault.", "The keyring has seen a newer one: a backup was put back, or a disk was rolled back. Provider keys that were replaced since may be dead, so nothing is rotated until you say that this copy is the one to go on with. Test every key first."],
  not_in_keyring: ["warn", "The keyring does not have the key.", "The vault was opened in another way. Put the key into the keyring again, below, so that the next start opens it by itself."],
  no_recovery_code: ["warn", "Nobody has a recovery code.", "If what opens the vault now is ever lost, every stored provider key is lost with it. Make a code and keep it."],
  plaintext_keyring: ["warn", "Your keyring’s file is not encrypted.", "It has no password, as on computers that sign in by themselves: who reads the disk reads the key. Give the keyring a password, or turn on strict mode, so that the keyring is only half of the key."],
  unreadable: ["warn", "Some sealed values do not open.", "The last rotation left them as they were, and the key before is kept for them. Test every key under Keys, and paste those again that do not open."],
};

function Accept({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const accept = useMutation({
    mutationFn: () => take(api.POST("/vault/older-copy/accept")),
    onSuccess: (now) => {
      client.setQueryData(vaultQuery.queryKey, now);
      onClose();
      toast({ title: "Going on with this copy of the vault" });
    },
  });
  return <Confirm title="Go on with this older copy?" act="Go on with it" pending={accept.isPending} error={accept.error} onConfirm={() => accept.mutate()} onClose={onClose}>Rotation begins again. Keys that were replaced at a provider after this copy was made do not work any more; test them under Keys and paste new ones where they are refused.</Confirm>;
}

function State({ vault, may }: { vault: VaultStatusView; may: string | null }) {
  const [accepting, setAccepting] = useState(false);
  const by = vault.slots.find((s) => s.opened);
  return (
    <div className="stackv">
      {vault.warnings.map((w) => (
        <Notice key={w} tone={WARNINGS[w][0]} box>
          <b className="strong">{WARNINGS[w][1]} </b>{WARNINGS[w][2]}{" "}
          {w === "older_copy" && <Button small onPress={() => setAccepting(true)} disabledReason={may}>Go on with this copy</Button>}
        </Notice>
      ))}
      <Properties wide items={[
        ["State", vault.state === "unlocked" ? <Chip key="s" tone="ok">open</Chip> : <span key="s" className="row"><Chip tone="bad">locked</Chip>{vaultWords(vault).what}</span>],
        ["Opened by", vault.state === "locked" ? "nothing yet" : by ? SLOT_WORDS[by.kind].name : "made by this start of Reeve"],
        ["Since", vault.created_at ? <TimeAgo key="c" at={vault.created_at} /> : "there is no vault yet"],
        ["Changes", `generation ${vault.generation}`],
      ]} />
      {accepting && <Accept onClose={() => setAccepting(false)} />}
    </div>
  );
}

export function VaultPage() {
  const mayRead = useMay("vault:read");
  const may = useMay("vault:write");
  const query = useQuery({ ...vaultQuery, enabled: mayRead === null });
  const v = query.data;
  return (
    <Page title="Vault">
      <div className="page narrow">
        {mayRead !== null ? <Empty title="The vault is not yours to see">{mayRead}</Empty> : query.isError ? <ErrorState of={query} what="The vault" /> : !v ? <SkeletonRows rows={10} /> : (
          <>
            <Card title="State" lede="Provider keys are sealed in it, each under a key of its own."><State vault={v} may={may} /></Card>
            <Card title="Ways to open it" lede="Each of them opens the vault."><Slots vault={v} may={may} /></Card>
            <Card title="Backup" lede="Every stored key in one encrypted file."><Backup vault={v} may={may} /></Card>
            <Card title="Master key" lede="What every stored key is sealed under."><MasterKey vault={v} may={may} /></Card>
          </>
        )}
      </div>
    </Page>
  );
}
