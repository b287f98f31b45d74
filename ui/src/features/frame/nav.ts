/** What stands in the navigation, for whom. */
import type { LinkProps } from "@tanstack/react-router";
import type { MeView } from "@/api";
import type { Scope } from "@/components";
import type { IconName } from "@/ui";

interface Item {
  to: LinkProps["to"];
  icon: IconName;
  label: string;
  /** What somebody must see to whom the page is of use. */
  needs: Scope;
  /** Whether it shows what single tenants have to those who see these alone. */
  ofTenants?: true;
}
interface NavGroup {
  title: string | null;
  items: Item[];
}
const NAV: NavGroup[] = [
  { title: null, items: [{ to: "/", icon: "overview", label: "Overview", needs: "usage:read" }] },
  { title: "Spend", items: [{ to: "/tenants", icon: "tenants", label: "Tenants", needs: "tenant:read", ofTenants: true }, { to: "/budgets", icon: "budgets", label: "Budgets", needs: "budget:read", ofTenants: true }, { to: "/usage", icon: "usage", label: "Usage", needs: "usage:read", ofTenants: true }, { to: "/bills", icon: "bills", label: "Provider bills", needs: "usage:read" }, { to: "/prices", icon: "prices", label: "Prices", needs: "usage:read" }, { to: "/requests", icon: "requests", label: "Requests", needs: "usage:read", ofTenants: true }] },
  { title: "Trust", items: [{ to: "/audit", icon: "audit", label: "Audit trail", needs: "audit:read" }, { to: "/privacy", icon: "shield", label: "Privacy", needs: "privacy:read" }, { to: "/listeners", icon: "listeners", label: "Listeners", needs: "audit:read" }, { to: "/keys", icon: "keys", label: "Keys", needs: "credential:read" }] },
  { title: "Operations", items: [{ to: "/routing", icon: "routes", label: "Routing", needs: "route:read" }, { to: "/limits", icon: "limits", label: "Limits", needs: "limit:read", ofTenants: true }] },
  { title: "Workspace", items: [{ to: "/access", icon: "access", label: "Access", needs: "user:read" }, { to: "/vault", icon: "vault", label: "Vault", needs: "vault:read" }, { to: "/settings", icon: "settings", label: "Settings", needs: "settings:read" }] },
];

/** Whoever holds grants for single tenants finds what they may see and nothing else; for all others every page says what it needs. */
export function navFor(me: Pick<MeView, "scopes" | "grants"> | undefined): NavGroup[] {
  if (!me || me.grants.length === 0) return NAV;
  const granted = me.grants.flatMap((g) => g.scopes);
  const open = (i: Item) => me.scopes.includes(i.needs) || (!!i.ofTenants && granted.includes(i.needs));
  return NAV.map((g) => ({ ...g, items: g.items.filter(open) })).filter((g) => g.items.length > 0);
}
