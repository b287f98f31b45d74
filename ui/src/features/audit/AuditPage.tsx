import { useInfiniteQuery, useQuery, useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useState, useSyncExternalStore } from "react";
import { eventsState, type AuditEntryView, type AuditPage as AuditRows } from "@/api";
import { col, DataTable, ErrorState, Outcome, Page, TokenBox, useZone, without, type Column, type FilterField } from "@/components";
import { useTenantOptions } from "@/features/tenants";
import { decodeTokens, encodeTokens, type Token } from "@/lib/filters";
import { useNarrow } from "@/lib/media";
import { formatCount, plural } from "@/lib/number";
import { absolute, clockMillis, clockTime, RANGE_WORDS, rangeWords, shortDay, dayKey } from "@/lib/time";
import { Button, Empty, MenuButton, Notice } from "@/ui";
import { AuditNav } from "./AuditNav";
import { EntryInspector } from "./EntryInspector";
import { EvidenceForm } from "./EvidenceForm";
import { ExportForm } from "./ExportForm";
import { Histogram } from "./Histogram";
import { AUDIT_FIELDS, auditHeadQuery, auditListQuery, OUTCOME_VALUES, readResource, type AuditSearch, type AuditView, type ResourceRef } from "./queries";
import { ResourcePanel } from "./ResourcePanel";
import { openVerify } from "./verify";
import { choicesOf, editSearch, eventWords, resolveView, toFilter, viewsQuery } from "./views";
import { ViewsMenu } from "./ViewsMenu";

const route = getRouteApi("/app/audit");
const KNOWN_EVENTS = ["access.denied", "audit.export", "auth.login", "auth.failed", "auth.logout", "auth.new_device", "user.create", "tenant.create", "tenant.update", "tenant.suspend", "tenant.resume", "tenant.archive", "quota.update", "quota.exceeded", "api_key.create", "api_key.rotate", "api_key.end_previous", "api_key.revoke", "budget.create", "budget.update", "budget.delete", "budget.exceeded", "budget.hold_open", "budget.hold_release", "key.import", "key.revoke", "key.probe", "charge.import", "price.apply", "security.alert", "config.changed", "vault.unlocked", "vault.slot_added", "vault.slot_reenrolled", "vault.slot_removed", "vault.kek_rotated", "vault.vrk_rotated"];
const KNOWN_RESOURCES = ["tenant", "budget", "credential", "api_key", "user", "session", "PROJECT", "FILE"];

function Time({ at, zone }: { at: string; zone: string }) {
  const today = dayKey(new Date().toISOString(), zone) === dayKey(at, zone);
  return <time dateTime={at} title={absolute(at, zone)}>{today ? "" : `${shortDay(at, zone)} `}{today ? clockMillis(at, zone) : clockTime(at, zone)}</time>;
}
const columns = (zone: string): Column<AuditEntryView>[] => [
  col("Time", "128px", (e) => <Time at={e.time} zone={zone} />, { className: "mono faint" }),
  col("Actor", "minmax(70px, .7fr)", (e) => e.actor.name),
  col("Event", "minmax(138px, 1.15fr)", (e) => e.event_type, { className: "mono" }),
  col("Resource", "minmax(100px, 1.2fr)", (e) => (e.resource ? `${e.resource.type.toLowerCase().replaceAll("_", " ")} ${e.resource.name ?? (e.event_type.startsWith("app.") ? e.resource.id : "")}` : e.summary)),
  col("Tenant", "minmax(76px, .7fr)", (e) => e.tenant?.name ?? "", { className: "dim" }),
  col("Outcome", "88px", (e) => <Outcome value={e.outcome} />),
  col("Entry", "84px", (e) => e.sequence, { num: true, className: "mono faint" }),
];

/** Filtered by id, because names change; shown by name. */
const actorsOf = (rows: AuditEntryView[]) => [...new Map(rows.slice(0, 400).map((r) => [r.actor.id, r.actor.name]))].map(([id, label]) => ({ id, label })).sort((a, b) => a.label.localeCompare(b.label));

/** New rows wait here until asked for; what is being read does not move. */
function useTail(view: AuditView, live: boolean, top: AuditEntryView | undefined, loaded: boolean) {
  const client = useQueryClient();
  const events = useSyncExternalStore(eventsState.subscribe, eventsState.get);
  const head = useQuery({ ...auditHeadQuery(view), enabled: live && loaded, refetchInterval: live && events !== "live" ? 15_000 : false });
  const fresh = loaded && live ? (head.data?.items ?? []).filter((e) => e.sequence > (top?.sequence ?? -1)) : [];
  const show = () => {
    void client.invalidateQueries({ queryKey: ["audit", "stats"] });
    const key = auditListQuery(view).queryKey;
    if (fresh.length === head.data?.items.length && top) return void client.resetQueries({ queryKey: key });
    client.setQueryData<InfiniteData<AuditRows, string | undefined>>(key, (old) => {
      const [first, ...rest] = old?.pages ?? [];
      if (!old || !first || !head.data) return old;
      return { ...old, pages: [{ ...first, total: head.data.total, matched: head.data.matched, items: [...fresh, ...first.items] }, ...rest] };
    });
  };
  return { count: fresh.length, all: fresh.length === head.data?.items.length && fresh.length >= 100, show };
}

export function AuditPage() {
  const search: AuditSearch = route.useSearch();
  const navigate = route.useNavigate();
  const zone = useZone();
  const [live, setLive] = useState(true);
  const [exporting, setExporting] = useState(false);
  const [packing, setPacking] = useState(false);
  const tenants = useTenantOptions();
  const saved = useQuery(viewsQuery);
  const choices = useMemo(() => (saved.data ? choicesOf(saved.data.items) : undefined), [saved.data]);
  const shown = useMemo(() => resolveView(search, choices), [search, choices]);
  // Until it is known what a view keeps, nothing is asked for: the whole trail would only flash by.
  const waiting = !!search.view && !shown.chosen && saved.isPending;
  const { filters, q, range, stream } = shown.parts;
  const view: AuditView = useMemo(() => ({ tokens: decodeTokens(filters, AUDIT_FIELDS), q, range, stream }), [filters, q, range, stream]);
  const list = useInfiniteQuery({ ...auditListQuery(view), enabled: !waiting });
  const rows = useMemo(() => list.data?.pages.flatMap((p) => p.items) ?? [], [list.data]);
  const first = list.data?.pages[0];
  const tail = useTail(view, live && !waiting && !range?.includes(".."), rows[0], list.isSuccess && !list.isPlaceholderData);
  const of = readResource(search.of, search.in);
  const open = !!search.entry || !!of;
  const beside = useNarrow() && open;
  const cols = useMemo(() => (beside ? without(columns(zone), "Tenant", "Entry") : columns(zone)), [zone, beside]);
  const unique = (values: string[]) => [...new Set(values)].sort().map((v) => ({ id: v, label: v }));
  const fields: FilterField[] = [
    { id: "outcome", label: "outcome", hint: "ok, refused, failed, pending", values: OUTCOME_VALUES.map((v) => ({ id: v, label: v })) },
    { id: "event", label: "event", hint: "what happened", values: [...unique([...KNOWN_EVENTS, ...rows.slice(0, 400).map((r) => r.event_type)]), ...view.tokens.filter((t) => t.field === "event" && /[,-]/.test(t.value)).map((t) => ({ id: t.value, label: eventWords(t.value) }))] },
    { id: "actor", label: "actor", hint: "who did it", values: actorsOf(rows) },
    { id: "tenant", label: "tenant", hint: "whose it is", values: tenants },
    { id: "resource", label: "resource", hint: "kind of thing", values: unique([...KNOWN_RESOURCES, ...rows.slice(0, 400).flatMap((r) => (r.resource ? [r.resource.type] : []))]) },
    { id: "resource_id", label: "id", hint: "one thing by its id", values: [] },
  ];
  const setFilters = (tokens: Token[], q: string | undefined) => void navigate({ search: (old) => editSearch(old, shown, { filters: encodeTokens(tokens), q }) });
  const setRange = (range: string | undefined) => void navigate({ search: (old) => editSearch(old, shown, { range }) });
  const select = (entry: string | undefined) => void navigate({ search: (old) => ({ ...old, entry, of: undefined, in: undefined }), replace: true });
  // Steps from thing to thing are steps back as well.
  const openEntry = (entry: string) => void navigate({ search: (old) => ({ ...old, entry, of: undefined, in: undefined }) });
  const openThing = (thing: ResourceRef) => void navigate({ search: (old) => ({ ...old, entry: undefined, of: `${thing.type}:${thing.id}`, in: thing.tenant }) });
  const onlyFor = (tokens: Token[]) => void navigate({ search: { filters: encodeTokens(tokens) } });
  const filtered = view.tokens.length > 0 || !!view.q || !!view.range;
  const ranges = [{ id: "all", label: "All time" }, ...Object.entries(RANGE_WORDS).map(([id, label]) => ({ id, label }))];

  return (
    <Page
      title="Audit trail" beside={<AuditNav />}
      actions={
        <>
          <Button kind="ghost" pressed={live} onPress={() => setLive(!live)}><span className="live-dot" /> {live ? "Live" : "Paused"}</Button>
          <Button onPress={() => setPacking(true)}>Evidence pack</Button>
          <Button onPress={() => setExporting(true)}>Export</Button>
          <Button kind="primary" onPress={openVerify}>Verify ledger</Button>
        </>
      }
    >
      <div className="filters">
        <ViewsMenu choices={choices ?? choicesOf([])} shown={shown} filter={toFilter(view)} filtered={filtered} onChoose={(id) => void navigate({ search: { view: id } })} />
        <TokenBox label="Filter the audit trail" fields={fields} tokens={view.tokens} q={view.q} onChange={setFilters} />
        <MenuButton label={rangeWords(range, zone)} ariaLabel={`Time range: ${rangeWords(range, zone)}`} items={ranges} selected={range ?? "all"} onAction={(id) => setRange(id === "all" ? undefined : id)} />
        <span className="dim" role="status">{first ? (filtered && first.matched != null ? `${formatCount(first.matched)} of ${formatCount(first.total)}` : plural(first.total, "entry", "entries")) : ""}</span>
      </div>
      {shown.gone && <Notice tone="info" icon="audit">This view is gone, or is no longer shared with you. All entries are shown.</Notice>}
      {saved.isError && search.view && !shown.chosen && <ErrorState of={saved} what="The saved view" tight />}
      <div className={`listpage${open ? " open" : ""}`}>
        <div className="listcol">
          {!waiting && <Histogram view={view} zone={zone} onRange={setRange} />}
          <div style={{ position: "relative" }} role="status">
            {tail.count > 0 && <Button className="newrows" kind="primary" small onPress={tail.show}>{tail.all ? "100 or more new entries" : plural(tail.count, "new entry", "new entries")}</Button>}
          </div>
          {list.isError ? <ErrorState of={list} what="The audit trail" /> : (
            <DataTable
              label="Audit entries" columns={cols} rows={rows} rowId={(e) => e.id} selected={search.entry} onSelect={select} loading={list.isPending} total={first?.matched ?? first?.total} minWidth={beside ? 540 : 760}
              more={{ has: list.hasNextPage, busy: list.isFetchingNextPage, failed: list.isFetchNextPageError, load: () => void list.fetchNextPage() }}
              empty={filtered
                ? <Empty title="No entry matches" action={<Button onPress={() => void navigate({ search: {} })}>Clear the filters</Button>}>Nothing in the ledger fits these filters and this time range.</Empty>
                : <Empty title="Nothing recorded yet">Every change, sign-in and refusal is written here as it happens.</Empty>}
            />
          )}
        </div>
        {search.entry && <EntryInspector key={search.entry} id={search.entry} onClose={() => select(undefined)} onSelect={openEntry} onOpen={openThing} onActor={(id) => onlyFor([{ field: "actor", value: id }])} />}
        {!search.entry && of && (
          <ResourcePanel
            key={`${search.of} ${search.in}`} of={of} onClose={() => select(undefined)} onEntry={openEntry} onOpen={openThing}
            onFilter={() => onlyFor([{ field: "resource", value: of.type }, { field: "resource_id", value: of.id }, ...(of.tenant ? [{ field: "tenant", value: of.tenant }] : [])])}
          />
        )}
      </div>
      {packing && <EvidenceForm onClose={() => setPacking(false)} />}
      {exporting && <ExportForm view={view} onClose={() => setExporting(false)} />}
    </Page>
  );
}
