import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, fieldErrors, take, type SlotView, type VaultStatusView } from "@/api";
import { Confirm, FormError, RecoveryCode, SideForm, TimeAgo, useForm } from "@/components";
import { Button, Chip, Dialog, TextField, toast } from "@/ui";
import { mustStay, SLOT_WORDS, vaultQuery } from "./queries";

type Kind = "keyring" | "env" | "passphrase" | "strict";
const MIN = 15;

function useAdd(onDone: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { kind: Kind; passphrase?: string }) => take(api.POST("/vault/slots", { body })),
    onSuccess: (vault, body) => {
      client.setQueryData(vaultQuery.queryKey, vault);
      onDone();
      toast({ title: `The vault now opens with: ${SLOT_WORDS[body.kind].name}` });
    },
    gcTime: 0,
  });
}

function PassphraseForm({ strict, onClose }: { strict: boolean; onClose: () => void }) {
  const form = useForm({ typed: "", again: "" });
  const add = useAdd(onClose);
  const { typed, again } = form.values;
  const e = fieldErrors(add.error);
  const blocked = typed.length < MIN ? `At least ${MIN} characters` : typed !== again && "Type the passphrase twice";
  return (
    <SideForm title={strict ? "Keyring and passphrase together" : "A passphrase"} submit={strict ? "Turn on strict mode" : "Set the passphrase"} onSubmit={() => add.mutate({ kind: strict ? "strict" : "passphrase", passphrase: typed })} onClose={onClose} pending={add.isPending} error={add.error} shown={["passphrase"]} blocked={blocked}>
      <p className="dim">{strict
        ? "Other programs of yours can read what the keyring holds. In strict mode that is only half of the key: the passphrase is the other half, and it is typed at every start. The keyring alone, and a passphrase alone, open nothing any more. The recovery code still does."
        : "For a computer whose keyring may be away: when nothing else opens the vault, the passphrase does."}</p>
      <TextField label="Passphrase" type="password" {...form.bind("typed")} autoComplete="new-password" hint={`At least ${MIN} characters; a few unrelated words make a good one`} error={e.passphrase} required />
      <TextField label="The same once more" type="password" {...form.bind("again")} autoComplete="new-password" error={again && typed !== again ? "The two are not the same." : undefined} required />
    </SideForm>
  );
}

function Remove({ slot, onClose }: { slot: SlotView; onClose: () => void }) {
  const client = useQueryClient();
  const name = SLOT_WORDS[slot.kind].name;
  const remove = useMutation({
    mutationFn: () => take(api.DELETE("/vault/slots/{id}", { params: { path: { id: slot.id } } })),
    onSuccess: (vault) => {
      client.setQueryData(vaultQuery.queryKey, vault);
      onClose();
      toast({ title: `Removed: ${name}` });
    },
  });
  return <Confirm title={`Remove ${name.toLowerCase().replace("key_encryption_secret", "KEY_ENCRYPTION_SECRET")}?`} act="Remove" pending={remove.isPending} error={remove.error} onConfirm={() => remove.mutate()} onClose={onClose}>It opens the vault no more. The other ways in stay as they are.</Confirm>;
}

export function Slots({ vault, may }: { vault: VaultStatusView; may: string | null }) {
  const [open, setOpen] = useState<"recovery" | "passphrase" | "strict" | null>(null);
  const [gone, setGone] = useState<SlotView | null>(null);
  const close = () => setOpen(null);
  const add = useAdd(close);
  const locked = vault.state === "locked" ? "The vault is locked" : null;
  const blocked = may ?? locked;
  const has = (kind: SlotView["kind"]) => vault.slots.some((s) => s.kind === kind && s.checked);
  const needsCode = blocked ?? (has("recovery") ? null : "Make a recovery code first: a forgotten passphrase would close the vault for good");
  return (
    <>
      <ul className="claims" aria-label="Ways to open the vault">
        {vault.slots.map((slot) => (
          <li key={slot.id}>
            <div className="row">
              <span className="row grow"><b className="strong">{SLOT_WORDS[slot.kind].name}</b>{slot.opened && <Chip tone="info">opened it this time</Chip>}{!slot.checked && <Chip tone="warn">{slot.kind === "recovery" ? "never checked" : "not confirmed"}</Chip>}</span>
              <span className="row">
                {slot.kind === "recovery" && <Button small onPress={() => setOpen("recovery")} disabledReason={blocked}>Make a new one</Button>}
                {(slot.kind === "passphrase" || slot.kind === "strict") && <Button small onPress={() => setOpen(slot.kind === "strict" ? "strict" : "passphrase")} disabledReason={needsCode}>Change</Button>}
                <Button small onPress={() => setGone(slot)} disabledReason={blocked ?? mustStay(slot, vault.slots)}>Remove</Button>
              </span>
            </div>
            <p>{slot.kind === "recovery" && !slot.checked ? "Nobody has typed it back: perhaps nobody has it. Make a new one and keep it." : `${SLOT_WORDS[slot.kind].note}.`} <span className="dim">Since <TimeAgo at={slot.created_at} />.</span></p>
          </li>
        ))}
      </ul>
      {!!add.error && <FormError error={add.error} />}
      <div className="row" style={{ marginTop: 12 }}>
        {!vault.slots.some((s) => s.kind === "recovery") && <Button kind="primary" onPress={() => setOpen("recovery")} disabledReason={blocked}>Make a recovery code</Button>}
        {vault.has_keyring && (has("strict")
          ? <Button onPress={() => add.mutate({ kind: "keyring" })} pending={add.isPending} disabledReason={blocked}>Turn off strict mode</Button>
          : <Button onPress={() => setOpen("strict")} disabledReason={needsCode}>Turn on strict mode</Button>)}
        {!has("passphrase") && !has("strict") && <Button onPress={() => setOpen("passphrase")} disabledReason={needsCode}>Set a passphrase</Button>}
        {vault.has_keyring && !has("strict") && <Button onPress={() => add.mutate({ kind: "keyring" })} pending={add.isPending} disabledReason={blocked}>{has("keyring") ? "Put the key into the keyring again" : "Put the key into the keyring"}</Button>}
        {vault.has_env && <Button onPress={() => add.mutate({ kind: "env" })} pending={add.isPending} disabledReason={blocked}>Use KEY_ENCRYPTION_SECRET{has("env") ? " as it is now" : ""}</Button>}
      </div>
      {open === "recovery" && (
        <Dialog title="A new recovery code" onClose={close} sticky>
          <div className="content">
            <p className="dim">Opens the vault when this computer’s keyring is lost. The code before it works until you have typed part of the new one.</p>
            <RecoveryCode blocked={blocked} show="Show the new code" act="I have kept it" onDone={() => { close(); toast({ title: "The new recovery code counts; the one before opens nothing any more" }); }} />
          </div>
        </Dialog>
      )}
      {(open === "passphrase" || open === "strict") && <PassphraseForm strict={open === "strict"} onClose={close} />}
      {gone && <Remove slot={gone} onClose={() => setGone(null)} />}
    </>
  );
}
