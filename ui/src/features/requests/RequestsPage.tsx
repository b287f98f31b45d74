import { useInfiniteQuery, useMutation, useQuery, useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { api, eventsState, saveAs, take, type RequestsPageView, type RequestView } from "@/api";
import { col, DataTable, ErrorState, Money, Page, TokenBox, useNow, useZone, without, type Column, type FilterField } from "@/components";
import { useTenantOptions } from "@/features/tenants";
import { tokensIn, tokensOut } from "@/features/usage";
import { decodeTokens, encodeTokens, withToken, type Token } from "@/lib/filters";
import { useNarrow } from "@/lib/media";
import { formatCount, formatDuration, plural } from "@/lib/number";
import { absolute, clockTime, dayAndTime, dayAndYear, dayKey, RANGE_WORDS, rangeWords, shortDay } from "@/lib/time";
import { Button, Chip, Empty, MenuButton, toast, type Tone } from "@/ui";
import { errorWords } from "@/api";
import { fresh, merged, OUTCOMES, reasonWords, REASONS, REQUEST_FIELDS, requestsHeadQuery, requestsQuery, toQuery, type RequestsSearch, type RequestsView } from "./queries";
import { RequestInspector } from "./RequestInspector";

const route = getRouteApi("/app/requests");
const OUTCOME: Record<RequestView["outcome"], [Tone, string]> = { success: ["ok", "ok"], failure: ["warn", "failed"], cancelled: ["none", "cancelled"], refused: ["bad", "refused"] };
export function RequestOutcome({ of: r }: { of: RequestView }) {
  const [tone, word] = OUTCOME[r.outcome];
  return <><Chip tone={tone}>{word}</Chip>{r.calls > 1 && <span className="faint"> × {formatCount(r.calls)}</span>}</>;
}

function Time({ at, zone, today }: { at: string; zone: string; today: string }) {
  const day = dayKey(at, zone);
  const clock = clockTime(at, zone);
  // What was imported may be years old: then the year says more than the seconds.
  const short = day === today ? clock : day.slice(0, 4) === today.slice(0, 4) ? `${shortDay(at, zone)} ${clock}` : `${dayAndYear(at, zone)} ${clock.slice(0, 5)}`;
  return <time dateTime={at} title={absolute(at, zone)}>{short}</time>;
}
const columns = (zone: string, today: string): Column<RequestView>[] => [
  col("Time", "142px", (r) => <Time at={r.time} zone={zone} today={today} />, { className: "mono faint" }),
  col("Tenant", "minmax(72px, 1fr)", (r) => r.tenant_name ?? <span className="faint">unknown</span>, { className: "strong" }),
  col("Model", "minmax(112px, 1.3fr)", (r) => r.model ?? <span className="faint">not known</span>, { className: "mono" }),
  col("User", "minmax(70px, .7fr)", (r) => r.user ?? "", { className: "dim" }),
  col("Tokens in", "72px", (r) => (r.outcome === "refused" ? "" : formatCount(tokensIn(r.usage))), { num: true, className: "dim" }),
  col("Tokens out", "80px", (r) => (r.outcome === "refused" ? "" : formatCount(tokensOut(r.usage))), { num: true, className: "dim" }),
  col("Cost", "100px", (r) => (r.outcome === "refused" ? <span className="faint">none</span> : r.cost_usd === null ? <Chip tone="warn">unpriced</Chip> : <Money usd={r.cost_usd} />), { num: true, className: "strong" }),
  col("Took", "70px", (r) => (r.latency_ms === null ? "" : formatDuration(r.latency_ms)), { num: true, className: "dim" }),
  col("Outcome", "118px", (r) => <RequestOutcome of={r} />),
  col("Why", "minmax(110px, .75fr)", (r) => (r.outcome === "refused" ? reasonWords(r.reason) : r.status !== null && r.status !== 200 ? `HTTP ${r.status}` : r.pricing === "ceiling" ? "at ceiling" : ""), { className: "dim" }),
];

/** New rows wait here until asked for; what is being read does not move. */
function useTail(view: RequestsView, live: boolean, rows: RequestView[], loaded: boolean) {
  const client = useQueryClient();
  const events = useSyncExternalStore(eventsState.subscribe, eventsState.get);
  const head = useQuery({ ...requestsHeadQuery(view), enabled: live && loaded, refetchInterval: live && events !== "live" ? 15_000 : false });
  const waiting = loaded && live ? fresh(head.data?.items ?? [], rows) : [];
  const all = waiting.length >= 100;
  const show = () => {
    const key = requestsQuery(view).queryKey;
    if (all) return void client.resetQueries({ queryKey: key });
    client.setQueryData<InfiniteData<RequestsPageView, string | undefined>>(key, (old) => {
      const [first, ...rest] = old?.pages ?? [];
      return !old || !first ? old : { ...old, pages: [{ ...first, items: merged(waiting, first.items) }, ...rest] };
    });
  };
  return { count: waiting.reduce((sum, r) => sum + r.calls, 0), all, show };
}

function useFields(rows: RequestView[]): FilterField[] {
  const tenants = useTenantOptions();
  return useMemo(() => {
    const near = rows.slice(0, 600);
    const unique = (values: (string | null)[]) => [...new Set(values)].filter((v): v is string => v !== null).sort().map((v) => ({ id: v, label: v }));
    const keys = [...new Map(near.flatMap((r) => (r.api_key_id ? [[r.api_key_id, `${r.api_key_name ?? "key"} of ${r.tenant_name ?? "a tenant"}`] as const] : [])))].map(([id, label]) => ({ id, label }));
    return [
      { id: "outcome", label: "outcome", hint: "ok, failed, cancelled, refused", values: Object.keys(OUTCOMES).map((v) => ({ id: v, label: v })) },
      { id: "tenant", label: "tenant", hint: "whose call", values: tenants },
      { id: "model", label: "model", hint: "which model", values: unique(near.map((r) => r.model)) },
      { id: "provider", label: "provider", hint: "who answered", values: unique(near.map((r) => r.provider)) },
      { id: "key", label: "key", hint: "through which API key", values: keys },
      { id: "user", label: "user", hint: "end user, as the caller named them", values: unique(near.map((r) => r.user)) },
      { id: "tag", label: "tag", hint: "label of the call", values: unique(near.flatMap((r) => r.tags)) },
      { id: "reason", label: "refused for", hint: "why it was refused", values: Object.entries(REASONS).map(([id, label]) => ({ id, label })) },
      { id: "status", label: "status", hint: "HTTP status of the answer", values: unique(near.map((r) => (r.status === null ? null : String(r.status)))) },
      { id: "cost", label: "cost above", hint: "in USD", values: ["0.01", "0.1", "1", "10"].map((v) => ({ id: v, label: `$${v}` })) },
      { id: "slower", label: "slower than", hint: "in seconds", values: ["1", "5", "10", "60"].map((v) => ({ id: v, label: `${v} s` })) },
    ];
  }, [rows, tenants]);
}

function ExportButton({ view }: { view: RequestsView }) {
  const run = useMutation({
    mutationFn: async (format: "csv" | "json") => {
      const query = { ...toQuery(view, Date.now()), format };
      const send = await saveAs(`requests.${format}`);
      if (!send) return null;
      await take(api.GET("/requests/export", { params: { query }, parseAs: "text", fetch: send }));
      return format;
    },
    onSuccess: (format) => format && toast({ title: `Exported requests.${format}`, detail: "These filters, newest first, at most 100,000 requests" }),
    onError: (error) => toast({ title: "The requests could not be exported", detail: errorWords(error), bad: true }),
  });
  return <MenuButton label={run.isPending ? "Exporting" : "Export"} ariaLabel="Export these requests" items={[{ id: "csv", label: "As CSV" }, { id: "json", label: "As JSON" }]} onAction={(f) => run.mutate(f as "csv" | "json")} />;
}

/** Rows wanted before the reader scrolls. What is rare is searched for page by page, each a bounded reading. */
const ENOUGH = 60;

export function RequestsPage() {
  const search: RequestsSearch = route.useSearch();
  const navigate = route.useNavigate();
  const zone = useZone();
  const now = useNow();
  const today = dayKey(new Date(now).toISOString(), zone);
  const [live, setLive] = useState(true);
  const view: RequestsView = useMemo(() => ({ tokens: decodeTokens(search.filters, REQUEST_FIELDS), q: search.q, range: search.range }), [search.filters, search.q, search.range]);
  const list = useInfiniteQuery(requestsQuery(view));
  const rows = useMemo(() => list.data?.pages.flatMap((p) => p.items) ?? [], [list.data]);
  const looking = list.hasNextPage && rows.length < ENOUGH && !list.isFetchNextPageError;
  const { fetchNextPage, isFetching } = list;
  useEffect(() => {
    if (looking && !isFetching) void fetchNextPage();
  }, [looking, isFetching, fetchNextPage]);
  const tail = useTail(view, live && !search.range?.includes(".."), rows, list.isSuccess && !list.isPlaceholderData);
  const narrow = useNarrow();
  const beside = narrow && !!search.request;
  const cols = useMemo(() => (beside || search.request ? without(columns(zone, today), "User", "Tokens in", "Tokens out", ...(beside ? ["Took"] : [])) : narrow ? without(columns(zone, today), "User") : columns(zone, today)), [zone, today, narrow, beside, search.request]);
  const fields = useFields(rows);
  const setFilters = (tokens: Token[], q: string | undefined) => void navigate({ search: (old) => ({ ...old, filters: encodeTokens(tokens), q, request: undefined }) });
  const select = (request: string | undefined) => void navigate({ search: (old) => ({ ...old, request }), replace: true });
  const narrowTo = (token: Token | { q: string }) => ("q" in token ? setFilters([], token.q) : setFilters(withToken(view.tokens, token), view.q));
  const filtered = view.tokens.length > 0 || !!view.q || !!view.range;
  const back = list.data?.pages.at(-1)?.searched_to;
  const ranges = [{ id: "all", label: "All time" }, ...Object.entries(RANGE_WORDS).map(([id, label]) => ({ id, label }))];
  const status = looking && back ? `Looking further back than ${dayAndTime(back, zone)}` : list.isSuccess ? `${plural(rows.length, "request")}${list.hasNextPage ? " so far" : ""}` : "";

  return (
    <Page title="Requests" actions={<><Button kind="ghost" pressed={live} onPress={() => setLive(!live)}><span className="live-dot" /> {live ? "Live" : "Paused"}</Button><ExportButton view={view} /></>}>
      <div className="filters">
        <TokenBox label="Filter the requests" fields={fields} tokens={view.tokens} q={view.q} onChange={setFilters} />
        <MenuButton label={rangeWords(search.range, zone)} ariaLabel={`Time range: ${rangeWords(search.range, zone)}`} items={ranges} selected={search.range ?? "all"} onAction={(id) => void navigate({ search: (old) => ({ ...old, range: id === "all" ? undefined : id, request: undefined }) })} />
        <span className="dim" role="status">{status}</span>
      </div>
      <div className={`listpage${search.request ? " open" : ""}`}>
        <div className="listcol">
          <div style={{ position: "relative" }} role="status">
            {tail.count > 0 && <Button className="newrows" kind="primary" small onPress={tail.show}>{tail.all ? "100 or more new requests" : plural(tail.count, "new request")}</Button>}
          </div>
          {list.isError && rows.length === 0 ? <ErrorState of={list} what="The requests" /> : (
            <DataTable
              label="Requests" columns={cols} rows={rows} rowId={(r) => r.id} selected={search.request} onSelect={select} loading={list.isPending || (looking && rows.length === 0)} minWidth={search.request ? 560 : narrow ? 888 : 958}
              more={{ has: list.hasNextPage, busy: list.isFetchingNextPage, failed: list.isFetchNextPageError, load: () => void list.fetchNextPage() }}
              empty={filtered
                ? <Empty title="No request matches" action={<Button onPress={() => void navigate({ search: {} })}>Clear the filters</Button>}>No call in the log fits these filters and this time range.</Empty>
                : <Empty title="No requests yet" action={<Button onPress={() => void navigate({ to: "/tenants" })}>Open the tenants</Button>}>Every call through the gateway shows here as it ends, also those that were refused. Give a tenant an API key and point a program at the gateway.</Empty>}
            />
          )}
        </div>
        {search.request && <RequestInspector key={search.request} id={search.request} onClose={() => select(undefined)} onFilter={narrowTo} />}
      </div>
    </Page>
  );
}
