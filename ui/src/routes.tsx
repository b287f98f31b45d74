/** The sitemap. Every page, and every search parameter it understands. */
import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, Outlet, redirect } from "@tanstack/react-router";
import { refreshSession, session } from "@/api";
import { ErrorState, setupQuery, STATUSES, TIERS } from "@/components";
import { ACCESS_TABS, AccessPage, type AccessSearch } from "@/features/access";
import { AuditPage, SecurityPage, type AuditSearch, type SecuritySearch } from "@/features/audit";
import { ListenersPage, type ListenersSearch } from "@/features/listeners";
import { BILL_RANGES, BillsPage, type BillsSearch } from "@/features/bills";
import { BUDGET_SCOPES, BUDGET_STATES, BudgetsPage, type BudgetsSearch } from "@/features/budgets";
import { Shell } from "@/features/frame";
import { KeysPage, type KeysSearch } from "@/features/keys";
import { LimitsPage, type LimitsSearch } from "@/features/limits";
import { OverviewPage } from "@/features/overview";
import { PRICE_TABS, PricesPage, type PricesSearch } from "@/features/prices";
import { PRIVACY_TABS, PrivacyPage, type PrivacySearch } from "@/features/privacy";
import { RoutesPage, type RoutesSearch } from "@/features/routes";
import { RequestsPage, type RequestsSearch } from "@/features/requests";
import { ProfilePage } from "@/features/profile";
import { SettingsPage } from "@/features/settings";
import { VaultPage } from "@/features/vault";
import { SetupPage, type SetupSearch } from "@/features/setup";
import { JoinPage, SignInPage, type SignInSearch } from "@/features/session";
import { PERIODS, TENANT_TABS, TenantPage, TenantsPage, type TenantSearch, type TenantsSearch } from "@/features/tenants";
import { GROUPS, UsagePage, type UsageSearch } from "@/features/usage";
import { oneOf, str } from "@/lib/filters";
import { Empty } from "@/ui";

type Raw = Record<string, unknown>;
const yes = (value: unknown): true | undefined => (value === true || value === "true" ? true : undefined);

const root = createRootRouteWithContext<{ client: QueryClient }>()({
  component: () => <Outlet />,
  errorComponent: ({ error, reset }) => <main className="full"><ErrorState of={{ error, refetch: reset }} what="Reeve" /></main>,
  notFoundComponent: () => <main className="full"><Empty title="No such page" action={<a className="btn" href="/">Open the overview</a>} /></main>,
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  validateSearch: (s: Raw): SetupSearch => ({ step: s.step === 2 || s.step === 3 || s.step === 4 || s.step === 5 ? s.step : undefined }),
  beforeLoad: async ({ context, search }) => {
    const view = await context.client.ensureQueryData(setupQuery);
    if (view.state === "ready" && !search.step) throw redirect({ to: "/" });
    if (view.state === "ready" && view.sign_in === "password" && session.token() === null && !(await refreshSession())) throw redirect({ to: "/sign-in" });
  },
  component: SetupPage,
});
const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (s: Raw): SignInSearch => ({ next: str(s.next), idle: yes(s.idle) }),
  beforeLoad: async ({ context }) => {
    const view = await context.client.ensureQueryData(setupQuery);
    if (view.state === "needs_admin") throw redirect({ to: "/setup" });
    if (view.sign_in === "open") throw redirect({ to: "/" });
  },
  component: SignInPage,
});
const join = createRoute({
  getParentRoute: () => root,
  path: "/join",
  beforeLoad: async ({ context }) => {
    const view = await context.client.ensureQueryData(setupQuery);
    if (view.state === "needs_admin") throw redirect({ to: "/setup" });
    if (view.sign_in === "open") throw redirect({ to: "/" });
  },
  component: JoinPage,
});
const app = createRoute({
  getParentRoute: () => root,
  id: "app",
  beforeLoad: async ({ context, location }) => {
    const view = await context.client.ensureQueryData(setupQuery);
    if (view.state === "needs_admin") throw redirect({ to: "/setup" });
    if (view.sign_in === "password" && session.token() === null && !(await refreshSession()))
      throw redirect({ to: "/sign-in", search: { next: location.href === "/" ? undefined : location.href } });
  },
  component: Shell,
});

const overview = createRoute({ getParentRoute: () => app, path: "/", component: OverviewPage });
const tenants = createRoute({
  getParentRoute: () => app,
  path: "/tenants",
  validateSearch: (s: Raw): TenantsSearch => ({ q: str(s.q), status: oneOf(s.status, STATUSES), tier: oneOf(s.tier, TIERS), new: yes(s.new) }),
  component: TenantsPage,
});
const tenant = createRoute({
  getParentRoute: () => app,
  path: "/tenants/$id",
  validateSearch: (s: Raw): TenantSearch => ({ tab: oneOf(s.tab, TENANT_TABS), period: oneOf(s.period, PERIODS) }),
  component: TenantPage,
});
const budgets = createRoute({
  getParentRoute: () => app,
  path: "/budgets",
  validateSearch: (s: Raw): BudgetsSearch => ({ q: str(s.q), state: oneOf(s.state, BUDGET_STATES), scope: oneOf(s.scope, BUDGET_SCOPES), budget: str(s.budget), new: yes(s.new), pools: yes(s.pools) }),
  component: BudgetsPage,
});
const limits = createRoute({
  getParentRoute: () => app,
  path: "/limits",
  validateSearch: (s: Raw): LimitsSearch => ({ new: yes(s.new) }),
  component: LimitsPage,
});
const usage = createRoute({
  getParentRoute: () => app,
  path: "/usage",
  validateSearch: (s: Raw): UsageSearch => ({
    range: str(s.range), tenant: str(s.tenant), group: oneOf(s.group, GROUPS), import: yes(s.import),
  }),
  component: UsagePage,
});
const requests = createRoute({
  getParentRoute: () => app,
  path: "/requests",
  validateSearch: (s: Raw): RequestsSearch => ({ filters: str(s.filters), q: str(s.q), range: str(s.range), request: str(s.request) }),
  component: RequestsPage,
});
const bills = createRoute({
  getParentRoute: () => app,
  path: "/bills",
  validateSearch: (s: Raw): BillsSearch => ({ provider: str(s.provider), days: BILL_RANGES.find((n) => String(n) === str(s.days)), row: str(s.row), imports: yes(s.imports) }),
  component: BillsPage,
});
const prices = createRoute({
  getParentRoute: () => app,
  path: "/prices",
  validateSearch: (s: Raw): PricesSearch => ({
    tab: oneOf(s.tab, PRICE_TABS), q: str(s.q), provider: str(s.provider), disputed: yes(s.disputed), tenant: str(s.tenant), price: str(s.price),
    new: str(s.new), refresh: yes(s.refresh), from: str(s.from), model: str(s.model),
  }),
  component: PricesPage,
});
const audit = createRoute({
  getParentRoute: () => app,
  path: "/audit",
  validateSearch: (s: Raw): AuditSearch => ({ filters: str(s.filters), q: str(s.q), range: str(s.range), entry: str(s.entry), of: str(s.of), in: str(s.in), stream: oneOf(s.stream, ["usage"]), view: str(s.view) }),
  component: AuditPage,
});
const security = createRoute({
  getParentRoute: () => app,
  path: "/audit/security",
  validateSearch: (s: Raw): SecuritySearch => ({ days: ([7, 90] as const).find((n) => String(n) === str(s.days)) }),
  component: SecurityPage,
});
const listeners = createRoute({
  getParentRoute: () => app,
  path: "/listeners",
  validateSearch: (s: Raw): ListenersSearch => ({ listener: str(s.listener), new: yes(s.new) }),
  component: ListenersPage,
});
const privacy = createRoute({
  getParentRoute: () => app,
  path: "/privacy",
  validateSearch: (s: Raw): PrivacySearch => ({ tab: oneOf(s.tab, PRIVACY_TABS) }),
  component: PrivacyPage,
});
const keys = createRoute({
  getParentRoute: () => app,
  path: "/keys",
  validateSearch: (s: Raw): KeysSearch => ({ new: yes(s.new) }),
  component: KeysPage,
});
const routing = createRoute({
  getParentRoute: () => app,
  path: "/routing",
  validateSearch: (s: Raw): RoutesSearch => ({ new: yes(s.new), route: str(s.route), breaker: yes(s.breaker) }),
  component: RoutesPage,
});
const vault = createRoute({ getParentRoute: () => app, path: "/vault", component: VaultPage });
const access = createRoute({
  getParentRoute: () => app,
  path: "/access",
  validateSearch: (s: Raw): AccessSearch => ({ tab: oneOf(s.tab, ACCESS_TABS) }),
  component: AccessPage,
});
const profile = createRoute({ getParentRoute: () => app, path: "/profile", component: ProfilePage });
const settings = createRoute({ getParentRoute: () => app, path: "/settings", component: SettingsPage });

const routeTree = root.addChildren([setup, signIn, join, app.addChildren([overview, tenants, tenant, budgets, limits, usage, bills, prices, requests, audit, security, privacy, listeners, keys, routing, vault, access, profile, settings])]);

export const makeRouter = (client: QueryClient) =>
  createRouter({ routeTree, context: { client }, defaultPreload: false, scrollRestoration: false, defaultPendingMs: 300 });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
