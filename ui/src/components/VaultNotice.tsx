import { useQueryClient } from "@tanstack/react-query";
import type { VaultView } from "@/api";
import { Button, Notice } from "@/ui";
import { useState } from "react";
import { UnlockWithRecovery } from "./RecoveryCode";
import { setupQuery } from "./workspace";

/** What is wrong with the vault, and what to do about it. The server's own sentence comes first where it has one. */
const REASONS: Record<string, [what: string, out: string]> = {
  key_missing: ["The key that opens the vault is not on this computer.", "Restore it from your recovery code or a backup of the keyring, then try again."],
  keyring_locked: ["The keyring of this computer is locked.", "Unlock it, usually by signing in to the desktop, then try again."],
  no_service: ["This computer offers no keyring.", "Start a keyring service, or set KEY_ENCRYPTION_SECRET before starting Reeve."],
  key_mismatch: ["The key found does not belong to this data.", "Check that the data directory and the keyring entry are from the same installation."],
  corrupt: ["The vault's data cannot be read.", "Restore the data directory from a backup. Do not delete it: the ledger is still readable."],
};
export function vaultWords(vault: VaultView): { what: string; out: string } {
  const [what, out] = REASONS[vault.reason ?? ""] ?? ["The vault is locked.", "Start Reeve again; if it stays locked, look at its log."];
  return { what: vault.message ?? what, out };
}
export function VaultNotice({ vault, box }: { vault: VaultView; box?: boolean }) {
  const client = useQueryClient();
  const [typing, setTyping] = useState(false);
  if (vault.state === "unlocked") return null;
  const { what, out } = vaultWords(vault);
  return (
    <Notice tone="bad" box={box}>
      <b className="strong">The vault is locked. </b>{what} {out} Until then provider keys cannot be stored or used; everything else works.{" "}
      <Button small onPress={() => void client.invalidateQueries({ queryKey: setupQuery.queryKey })}>Try again</Button>{" "}
      {!typing && <Button small onPress={() => setTyping(true)}>Use the recovery code</Button>}
      {typing && <UnlockWithRecovery onOpen={() => void client.invalidateQueries()} />}
    </Notice>
  );
}
