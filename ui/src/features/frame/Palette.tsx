import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState, useSyncExternalStore } from "react";
import { Autocomplete, Dialog, Header, Input, Menu, MenuItem, MenuSection, Modal, ModalOverlay, SearchField, useFilter } from "react-aria-components";
import { closePalette, meQuery, paletteOpen, useMay } from "@/components";
import { openVerify } from "@/features/audit";
import { credentialsQuery } from "@/features/keys";
import { tenantNamesQuery } from "@/features/tenants";
import { effectiveTheme, setTheme } from "@/lib/theme";
import { Icon, type IconName } from "@/ui";
import { navFor } from "./nav";

interface Entry {
  id: string;
  label: string;
  icon: IconName;
  note?: string;
  run: () => void;
  blocked?: string | null;
}
interface Group {
  title: string;
  entries: Entry[];
}

function useEntries(): Group[] {
  const navigate = useNavigate();
  const tenants = useQuery(tenantNamesQuery);
  const seeKeys = useMay("credential:read");
  const keys = useQuery({ ...credentialsQuery, enabled: seeKeys === null });
  const me = useQuery(meQuery).data;
  const mayTenant = useMay("tenant:write");
  const mayBudget = useMay("budget:write");
  const mayKey = useMay("credential:write");
  const mayLimit = useMay("limit:write");
  const mayUsage = useMay("usage:write");
  const mayPrice = useMay("price:write");
  const mayRoute = useMay("route:write");
  const mayListener = useMay("listener:write");
  const maySeePeople = useMay("user:read");
  return useMemo(() => [
    { title: "Do", entries: [
      { id: "do-tenant", label: "New tenant", icon: "plus", blocked: mayTenant, run: () => void navigate({ to: "/tenants", search: { new: true } }) },
      { id: "do-budget", label: "New budget", icon: "plus", blocked: mayBudget, run: () => void navigate({ to: "/budgets", search: { new: true } }) },
      { id: "do-limit", label: "New rate limit", icon: "plus", blocked: mayLimit, run: () => void navigate({ to: "/limits", search: { new: true } }) },
      { id: "do-key", label: "Add a provider key", icon: "plus", blocked: mayKey, run: () => void navigate({ to: "/keys", search: { new: true } }) },
      { id: "do-route", label: "New route", icon: "plus", blocked: mayRoute, run: () => void navigate({ to: "/routing", search: { new: true } }) },
      { id: "do-invite", label: "Look after people", icon: "access", blocked: maySeePeople, run: () => void navigate({ to: "/access" }) },
      { id: "do-listener", label: "New listener", icon: "plus", blocked: mayListener, run: () => void navigate({ to: "/listeners", search: { new: true } }) },
      { id: "do-import", label: "Import usage", icon: "import", blocked: mayUsage, run: () => void navigate({ to: "/usage", search: { import: true } }) },
      { id: "do-price", label: "New own price", icon: "plus", blocked: mayPrice, run: () => void navigate({ to: "/prices", search: { tab: "own", new: "yes" } }) },
      { id: "do-verify", label: "Verify ledger", icon: "shield", run: openVerify },
      { id: "do-refused", label: "Show refused requests", icon: "requests", run: () => void navigate({ to: "/requests", search: { filters: "outcome:refused" } }) },
      { id: "do-theme", label: "Switch theme", icon: "theme", run: () => setTheme(effectiveTheme() === "dark" ? "light" : "dark") },
    ] },
    { title: "Go to", entries: navFor(me).flatMap((g) => g.items.map((i): Entry => ({ id: `go-${i.label}`, label: i.label, icon: i.icon, run: () => void navigate({ to: i.to }) }))).concat({ id: "go-Security", label: "Security", note: "failed sign-ins, refusals, exports", icon: "shield", run: () => void navigate({ to: "/audit/security" }) }, { id: "go-Profile", label: "Profile", note: "your password, two-step sign-in, sessions", icon: "profile", run: () => void navigate({ to: "/profile" }) }) },
    { title: "Tenants", entries: (tenants.data?.items ?? []).map((t): Entry => ({ id: t.id, label: t.name, note: t.slug, icon: "tenants", run: () => void navigate({ to: "/tenants/$id", params: { id: t.id } }) })) },
    { title: "Provider keys", entries: (keys.data?.items ?? []).map((k): Entry => ({ id: k.id, label: `${k.provider} / ${k.name}`, note: `…${k.last4}`, icon: "keys", run: () => void navigate({ to: "/keys" }) })) },
  ], [navigate, tenants.data, keys.data, me, mayTenant, mayBudget, mayLimit, mayKey, mayUsage, mayPrice, mayRoute, mayListener, maySeePeople]);
}

function PaletteBody() {
  const groups = useEntries();
  const [text, setText] = useState("");
  const { contains } = useFilter({ sensitivity: "base" });
  const shown = groups
    .map((g) => ({ ...g, entries: g.entries.filter((e) => !e.blocked && (contains(e.label, text) || contains(e.note ?? "", text))).slice(0, text ? 12 : g.title === "Tenants" ? 6 : 10) }))
    .filter((g) => g.entries.length > 0);
  const run = (key: string) => {
    closePalette();
    groups.flatMap((g) => g.entries).find((e) => e.id === key)?.run();
  };
  return (
    <Autocomplete inputValue={text} onInputChange={setText}>
      <SearchField aria-label="Search or jump to" autoFocus><Input className="search" placeholder="A page, a tenant, a key or an action" /></SearchField>
      <div className="list">
        {shown.length === 0 && <p className="faint" style={{ padding: 10 }} role="status">Nothing by that name.</p>}
        <Menu aria-label="Results" onAction={(key) => run(String(key))} items={shown} dependencies={[shown]}>
          {(g) => (
            <MenuSection id={g.title}>
              <Header>{g.title}</Header>
              {g.entries.map((e) => <MenuItem key={e.id} id={e.id} textValue={e.label}><Icon name={e.icon} />{e.label}{e.note && <small>{e.note}</small>}</MenuItem>)}
            </MenuSection>
          )}
        </Menu>
      </div>
    </Autocomplete>
  );
}

export function Palette() {
  const open = useSyncExternalStore(paletteOpen.subscribe, paletteOpen.get);
  return (
    <ModalOverlay className="veil" isOpen={open} onOpenChange={(o) => !o && closePalette()} isDismissable>
      <Modal className="dialog palette"><Dialog aria-label="Search or jump to"><PaletteBody /></Dialog></Modal>
    </ModalOverlay>
  );
}
