/** A role as its form shows it: what may be done, noun by noun, and the scopes that no box stands for as text. */
import type { RoleView } from "@/api";

export const SEE_ALL = "*:read";
export interface RoleDraft {
  name: string;
  description: string;
  /** Permissions whose boxes are ticked. */
  allowed: string[];
  /** Everything may be seen, also what a later version adds. */
  seeAll: boolean;
  /** Nouns that are kept from its people whatever is allowed. */
  never: string[];
  moreAllowed: string;
  moreDenied: string;
  /** What the further scopes allow, as they were saved; what is typed anew the server reads. */
  further: string[];
}
const nounOf = (scope: string): string => scope.split(":")[0] ?? scope;
const isNever = (scope: string, nouns: string[]): boolean => scope.endsWith(":*") && nouns.includes(nounOf(scope));
const split = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

/** `permissions` are all that Reeve asks for. */
export function draftOf(role: RoleView | undefined, permissions: string[]): RoleDraft {
  const allowed = role?.allowed ?? [];
  const denied = role?.denied ?? [];
  const nouns = permissions.map(nounOf);
  const seeAll = allowed.includes(SEE_ALL);
  return {
    name: role?.name ?? "",
    description: role?.description ?? "",
    allowed: allowed.filter((s) => permissions.includes(s)),
    seeAll,
    never: [...new Set(denied.filter((s) => isNever(s, nouns)).map(nounOf))],
    moreAllowed: allowed.filter((s) => s !== SEE_ALL && !permissions.includes(s)).join(", "),
    moreDenied: denied.filter((s) => !isNever(s, nouns)).join(", "),
    further: (role?.scopes ?? []).filter((s) => !allowed.includes(s) && !(seeAll && s.endsWith(":read"))),
  };
}

export const bodyOf = (d: RoleDraft) => ({
  name: d.name.trim(),
  description: d.description.trim() || null,
  allowed: [...(d.seeAll ? [SEE_ALL] : []), ...d.allowed, ...split(d.moreAllowed)],
  denied: [...d.never.map((noun) => `${noun}:*`), ...split(d.moreDenied)],
});

/** What a box says: ticked by itself, because everything may be seen or a further scope allows it, or not at all because the noun is kept away. */
export function boxOf(d: RoleDraft, permission: string): "ticked" | "open" | "seen" | "further" | "never" {
  if (d.never.includes(nounOf(permission))) return "never";
  if (d.seeAll && permission.endsWith(":read")) return "seen";
  if (d.allowed.includes(permission)) return "ticked";
  return d.further.includes(permission) ? "further" : "open";
}

/** The ticked ones once somebody presses a box: who is to change something is to see it. */
export function pressed(d: RoleDraft, permission: string, permissions: string[]): string[] {
  if (d.allowed.includes(permission)) return d.allowed.filter((p) => p !== permission);
  const see = `${nounOf(permission)}:read`;
  return [...new Set([...d.allowed, ...(permissions.includes(see) ? [see] : []), permission])];
}

/** What a role may that somebody with `own` scopes may not, so that they cannot give it. */
export const beyond = (role: RoleView, own: string[]): string | undefined => role.scopes.find((s) => !own.includes(s));
