import type { PersonView, Role, RoleView } from "@/api";

export const ROLES: { id: Role; label: string; note: string }[] = [
  { id: "admin", label: "Admin", note: "Everything, people and their roles included" },
  { id: "security", label: "Security", note: "Provider keys, the vault, the audit trail, privacy" },
  { id: "operator", label: "Operator", note: "Tenants, routing, limits, health" },
  { id: "finance", label: "Finance", note: "Costs, budgets, prices" },
  { id: "developer", label: "Developer", note: "Sees tenants, usage and routing" },
  { id: "user", label: "User", note: "Calls through the gateway" },
];
export const roleLabel = (role: Role): string => ROLES.find((r) => r.id === role)?.label ?? role;

const NOUNS: Record<string, string> = {
  tenant: "Tenants and quotas", api_key: "API keys of tenants", budget: "Budgets and holds", limit: "Rate limits", usage: "Usage and costs", price: "Prices",
  credential: "Provider keys", route: "Routing", audit: "Audit trail", listener: "Listeners", privacy: "Retention, holds, erasure", capture: "Captured bodies",
  vault: "Vault and backups", user: "People and roles", session: "Sessions of others", settings: "Settings",
};
/** Where seeing and changing are not what it is. */
const VERBS: Record<string, string> = { "api_key:write": "make, revoke", "audit:write": "write", "audit:private": "export what is personal", "user:write": "invite, change", "session:write": "end", "usage:write": "import", "price:write": "set" };
const verb = (scope: string): string => VERBS[scope] ?? (scope.endsWith(":read") ? "see" : scope.endsWith(":write") ? "change" : (scope.split(":")[1] ?? scope).replaceAll("_", " "));

/** What a scope is about. */
export const scopeWords = (scope: string): string => (scope === "event:read" ? "Charges of its tenant" : (NOUNS[scope.split(":")[0] ?? ""] ?? scope));

export interface MatrixRow {
  noun: string;
  label: string;
  /** What each role may do with it, in the order of the roles; empty: nothing. */
  may: string[];
}
/** Who can do what, noun by noun. A noun that has no words yet shows its own name: no permission is left out. */
export function matrix(roles: RoleView[]): MatrixRow[] {
  const nouns = [...new Set([...Object.keys(NOUNS), ...roles.flatMap((r) => r.scopes.map((s) => s.split(":")[0] ?? s))])];
  const rows = nouns.map((noun) => ({
    noun,
    label: NOUNS[noun] ?? noun.replaceAll("_", " "),
    may: roles.map((r) => r.scopes.filter((s) => s.split(":")[0] === noun).map(verb).join(", ")),
  }));
  return rows.filter((row) => row.may.some((words) => words !== ""));
}

/** Whether nobody could look after people if this one no longer did. */
export const isLastAdmin = (person: PersonView, people: PersonView[]): boolean =>
  person.role === "admin" && person.disabled_at === null && !people.some((p) => p.id !== person.id && p.role === "admin" && p.disabled_at === null);

/** The page that takes an invitation up. The token stands behind the #, which no browser sends to a server or writes in a log. */
export const joinLink = (origin: string, token: string): string => `${origin}/join#${token}`;
