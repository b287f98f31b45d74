import { queryOptions } from "@tanstack/react-query";
import { api, take, type SlotView, type VaultStatusView } from "@/api";
import { formatCount } from "@/lib/number";

const WHILE_ROTATING_MS = 700;
export const vaultQuery = queryOptions({
  queryKey: ["vault"],
  queryFn: ({ signal }) => take(api.GET("/vault", { signal })),
  refetchInterval: ({ state }) => (isRotating(state.data) ? WHILE_ROTATING_MS : false),
});

export const isRotating = (vault: Pick<VaultStatusView, "rewrap"> | undefined): boolean => !!vault?.rewrap && vault.rewrap.ended_at === null;

/** How far a rotation has come. What is counted last is waited for, so it never says that all is done while it is not. */
export function progressOf(rewrap: NonNullable<VaultStatusView["rewrap"]>): { percent: number; words: string } {
  const percent = rewrap.total === 0 ? 0 : Math.min(99, Math.floor((100 * rewrap.done) / rewrap.total));
  const words = rewrap.done >= rewrap.total ? "Everything is sealed anew; making sure that nothing is still on its way" : `${formatCount(rewrap.done)} of ${formatCount(rewrap.total)} sealed anew`;
  return { percent, words };
}

export const SLOT_WORDS: Record<SlotView["kind"], { name: string; note: string }> = {
  keyring: { name: "Keyring of this computer", note: "Opens the vault by itself when you are signed in" },
  env: { name: "KEY_ENCRYPTION_SECRET", note: "Opens the vault by itself at every start" },
  recovery: { name: "Recovery code", note: "Opens the vault when everything else is lost" },
  passphrase: { name: "Passphrase", note: "Typed at every start where nothing else opens the vault" },
  strict: { name: "Keyring and passphrase", note: "Both are needed at every start; neither opens the vault alone" },
};

const apart = (kind: SlotView["kind"]): boolean => kind !== "keyring" && kind !== "strict";

/** Why a way in must stay, or null. The server has the last word; this says it before anybody tries. */
export function mustStay(slot: SlotView, slots: SlotView[]): string | null {
  const rest = slots.filter((s) => s.id !== slot.id && s.checked);
  if (apart(slot.kind) && !rest.some((s) => apart(s.kind))) return "The last way in without the keyring. Make another one first.";
  const typed = rest.some((s) => s.kind === "strict" || s.kind === "passphrase");
  if (slot.kind === "recovery" && typed && !rest.some((s) => s.kind === "recovery")) return "With a passphrase the recovery code stays: passphrases are forgotten.";
  return null;
}
