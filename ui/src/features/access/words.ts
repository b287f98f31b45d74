import type { PersonView, RoleView } from "@/api";

/** What the built-in roles are for. */
export const BUILT_IN: Record<string, string> = {
  admin: "Everything, people and their roles included",
  security: "Provider keys, the vault, the audit trail, privacy",
  operator: "Tenants, routing, limits, health",
  finance: "Costs, budgets, prices",
  developer: "Sees tenants, usage and routing",
  user: "Calls through the gateway",
  none: "Nothing of the whole workspace; for grants alone",
};

const NOUNS: Record<string, string> = {
  tenant: "Tenants and quotas", api_key: "API keys of tenants", gateway: "The gateway", budget: "Budgets and holds", limit: "Rate limits", usage: "Usage and costs", price: "Prices",
  credential: "Provider keys", route: "Routing", audit: "Audit trail", listener: "Listeners", privacy: "Retention, holds, erasure", capture: "Captured bodies",
  vault: "Vault and backups", user: "People and roles", session: "Sessions of others", settings: "Settings",
};
/** Where seeing and changing are not what it is. */
const VERBS: Record<string, string> = { "api_key:write": "make, revoke", "gateway:call": "call", "audit:write": "write", "audit:private": "export what is personal", "user:write": "invite, change", "session:write": "end", "usage:write": "import", "price:write": "set" };
export const verbOf = (scope: string): string => VERBS[scope] ?? (scope.endsWith(":read") ? "see" : scope.endsWith(":write") ? "change" : (scope.split(":")[1] ?? scope).replaceAll("_", " "));

export interface Noun {
  noun: string;
  label: string;
  permissions: string[];
}
/** Permissions by their nouns. A noun that has no words yet shows its own name: no permission is left out. */
export function nouns(permissions: string[]): Noun[] {
  const nounOf = (scope: string) => scope.split(":")[0] ?? scope;
  const all = [...new Set([...Object.keys(NOUNS), ...permissions.map(nounOf)])];
  return all
    .map((noun) => ({ noun, label: NOUNS[noun] ?? noun.replaceAll("_", " "), permissions: permissions.filter((p) => nounOf(p) === noun) }))
    .filter((n) => n.permissions.length > 0);
}

/** What a scope is about. */
export const scopeWords = (scope: string): string => (scope === "event:read" ? "Charges of its tenant" : (NOUNS[scope.split(":")[0] ?? ""] ?? scope));

export interface MatrixRow {
  noun: string;
  label: string;
  /** What each role may do with it, in the order of the roles; empty: nothing. */
  may: string[];
}
/** Who can do what, noun by noun. */
export function matrix(roles: Pick<RoleView, "scopes">[]): MatrixRow[] {
  const all = nouns([...new Set(roles.flatMap((r) => r.scopes))]);
  return all.map(({ noun, label, permissions }) => ({ noun, label, may: roles.map((r) => permissions.filter((p) => r.scopes.includes(p)).map(verbOf).join(", ")) }));
}

/** Whether nobody could look after people if this one no longer did. */
export const isLastAdmin = (person: PersonView, people: PersonView[]): boolean =>
  person.role === "admin" && person.disabled_at === null && !people.some((p) => p.id !== person.id && p.role === "admin" && p.disabled_at === null);

/** The page that takes an invitation up. The token stands behind the #, which no browser sends to a server or writes in a log. */
export const joinLink = (origin: string, token: string): string => `${origin}/join#${token}`;
