import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, errorWords, take, type VaultView } from "@/api";
import { Button, Notice } from "@/ui";
import { UnlockVault } from "./RecoveryCode";

/** What happened, in a few words, for each reason the server knows; its own sentence then says more, and the way out. */
export const VAULT_REASONS: Record<string, string> = {
  key_missing: "The keyring no longer has the key.",
  keyring_locked: "Waiting for your keyring.",
  no_default_collection: "The keyring has no place for keys.",
  no_service: "No keyring answers.",
  ambiguous: "Several keys carry this vault’s name.",
  key_mismatch: "The keyring has the key of another vault.",
  corrupt: "The key in the keyring is damaged.",
  env_mismatch: "KEY_ENCRYPTION_SECRET is another one.",
  env_missing: "KEY_ENCRYPTION_SECRET is not set.",
  passphrase_needed: "The passphrase is needed.",
  header_altered: "The vault’s header was changed from outside.",
  keyring_occupied: "The keyring already has a vault’s key.",
  create_failed: "The vault could not be made.",
  starting: "The vault is being opened.",
};
/** Where nothing that is typed helps. */
const BEYOND_CODES = new Set(["header_altered", "starting", "keyring_occupied", "create_failed"]);

export function vaultWords(vault: Pick<VaultView, "reason" | "message">): { what: string; out: string } {
  const what = VAULT_REASONS[vault.reason ?? ""] ?? "It does not open.";
  return { what, out: vault.message ?? "Try again, or look at Reeve’s log." };
}
export function VaultNotice({ vault, box }: { vault: VaultView; box?: boolean }) {
  const client = useQueryClient();
  const [typing, setTyping] = useState<"recovery_code" | "passphrase" | null>(null);
  const opened = () => void client.invalidateQueries();
  const again = useMutation({ mutationFn: () => take(api.POST("/vault/unlock", { body: {} })), onSettled: opened, gcTime: 0 });
  if (vault.state === "unlocked") return null;
  const { what, out } = vaultWords(vault);
  const codes = !BEYOND_CODES.has(vault.reason ?? "");
  const byDefault = vault.reason === "passphrase_needed" ? "passphrase" : null;
  const how = typing ?? byDefault;
  return (
    <Notice tone={vault.first_run || vault.reason === "passphrase_needed" || vault.reason === "keyring_locked" ? "warn" : "bad"} box={box}>
      <div className="stackv">
        <span><b className="strong">{vault.first_run ? "There is no vault yet." : "The vault is locked."} {what} </b>{out} Until then provider keys cannot be stored or used; everything else works.</span>
        {how && <UnlockVault how={how} firstRun={vault.first_run} onOpen={opened} />}
        <span className="row">
          {vault.reason !== "passphrase_needed" && <Button small onPress={() => again.mutate()} pending={again.isPending}>Try again</Button>}
          {codes && vault.passphrase && how !== "passphrase" && <Button small onPress={() => setTyping("passphrase")}>{vault.first_run ? "Set a passphrase" : "Use the passphrase"}</Button>}
          {codes && !vault.first_run && how !== "recovery_code" && <Button small onPress={() => setTyping("recovery_code")}>Use the recovery code</Button>}
          {again.isPending ? <span className="dim" role="status">Asking the keyring; it may show a window of its own</span> : again.isError && <span className="dim" role="status">Still locked. {errorWords(again.error)}</span>}
        </span>
      </div>
    </Notice>
  );
}
