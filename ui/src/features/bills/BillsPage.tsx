import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { api, take, type BillAccountView, type BillRowView, type ReconciliationView } from "@/api";
import { col, DataTable, ErrorState, FormError, Inspector, Kpi, Money, Page, Properties, Section, SkeletonRows, TimeAgo, useMay, without, type Column } from "@/components";
import { formatUsd } from "@/lib/money";
import { useNarrow } from "@/lib/media";
import { formatCount, formatPercent, plural } from "@/lib/number";
import { plainDay } from "@/lib/time";
import { Button, Chip, Empty, Icon, MenuButton, Notice, toast } from "@/ui";
import { Causes, Gap } from "./Causes";
import { ImportsSheet } from "./Imports";
import { accountsQuery, agreement, BILL_RANGES, boardQuery, CAUSE_WORDS, mainCause, providerName, rowKey, type BillRange } from "./queries";

export interface BillsSearch {
  provider?: string;
  days?: BillRange;
  /** The chosen day and model. */
  row?: string;
  imports?: true;
}
const route = getRouteApi("/app/bills");
type Set = (patch: BillsSearch) => void;

function Figures({ board: b }: { board: ReconciliationView }) {
  const same = agreement(b.billed_usd, b.causes);
  const days = plural(b.days, "day");
  return (
    <section className="kpis four" aria-label="Sums">
      <Kpi label={`${providerName(b.provider)}'s bill`} note={b.days > 0 ? `${days} in UTC` : "no day imported yet"}><Money usd={b.billed_usd} /></Kpi>
      <Kpi label="Reeve's ledger" note="the same days"><Money usd={b.ledger_usd} /></Kpi>
      <Kpi label="Difference" note={b.causes.length === 0 ? "none" : `${plural(b.causes.length, "cause")}, below`}><Gap usd={b.gap_usd} /></Kpi>
      <Kpi label="Agreement" note="of the bill is the same in Reeve">{same === null ? "–" : formatPercent(same)}</Kpi>
    </section>
  );
}

function Detail({ row, onClose }: { row: BillRowView; onClose: () => void }) {
  return (
    <Inspector title={row.is_model ? <span className="mono">{row.name}</span> : row.name} subtitle={`${plainDay(row.day)}, a day in UTC`} label="Day and model" onClose={onClose}>
      <Section title="Bill and ledger">
        <Properties items={[
          ["Billed", <Money key="b" usd={row.billed_usd} />],
          ["In Reeve", <Money key="l" usd={row.ledger_usd} />],
          ["Difference", <Gap key="g" usd={row.gap_usd} />],
          ["Tokens billed", row.billed_tokens === null ? "not told" : formatCount(row.billed_tokens)],
          ["Tokens in Reeve", formatCount(row.ledger_tokens)],
        ]} />
      </Section>
      <Section title="Why they differ"><Causes causes={row.causes} /></Section>
    </Inspector>
  );
}

function Rows({ board, chosen, set }: { board: ReconciliationView; chosen: string | undefined; set: Set }) {
  const narrow = useNarrow();
  const columns: Column<BillRowView>[] = [
    col("Day", "72px", (r) => plainDay(r.day)),
    col("Model or line", "minmax(150px, 1.4fr)", (r) => <span className={`clip ${r.is_model ? "mono strong" : ""}`} title={r.name}>{r.name}</span>),
    col("Billed", "100px", (r) => <Money usd={r.billed_usd} />, { num: true }),
    col("In Reeve", "100px", (r) => <Money usd={r.ledger_usd} />, { num: true }),
    col("Difference", "100px", (r) => <Gap usd={r.gap_usd} />, { num: true }),
    col("Main cause", "minmax(150px, 1fr)", (r) => {
      const cause = mainCause(r.causes);
      if (!cause) return <Chip tone="ok">agrees</Chip>;
      const words = CAUSE_WORDS[cause.cause];
      return <span className="row"><Chip tone={words.tone}>{words.name}</Chip>{r.causes.length > 1 && <span className="faint">and {r.causes.length - 1} more</span>}</span>;
    }),
    col("Tokens billed", "110px", (r) => (r.billed_tokens === null ? <span className="faint">–</span> : formatCount(r.billed_tokens)), { num: true, className: "dim" }),
    col("Tokens in Reeve", "120px", (r) => formatCount(r.ledger_tokens), { num: true, className: "dim" }),
  ];
  const row = board.rows.find((r) => rowKey(r) === chosen);
  return (
    <div className="listpage">
      <div className="listcol">
        <DataTable label="Days and models" columns={narrow || row ? without(columns, "Tokens billed", "Tokens in Reeve") : columns} rows={board.rows} rowId={rowKey} selected={chosen} onSelect={(id) => set({ row: id })} minWidth={narrow || row ? 690 : 920}
          empty={<Empty title="No spend on these days">Neither the bill nor Reeve's ledger has anything.</Empty>} />
      </div>
      {row && <Detail row={row} onClose={() => set({ row: undefined })} />}
    </div>
  );
}

function Board({ provider, days, chosen, set }: { provider: string; days: BillRange; chosen: string | undefined; set: Set }) {
  const query = useQuery(boardQuery(provider, days));
  if (query.isError) return <ErrorState of={query} what="The reconciliation" />;
  if (query.isPending) return <div className="page"><section className="card"><SkeletonRows rows={8} /></section></div>;
  const b = query.data;
  if (b.days === 0) return <Empty title="No bill was imported for these days">Press Import now, or wait: Reeve imports bills once a day.</Empty>;
  return (
    <>
      <div className="page bills">
        <Figures board={b} />
        {b.days < days && <Notice tone="info" box>Only {plural(b.days, "day")} of {days} were imported so far; the others are in no sum.</Notice>}
        <section className="card">
          <header><h2>Why they differ</h2><span className="dim">{b.causes.length > 0 ? `${formatUsd(b.gap_usd)} in all; the causes add up to it` : ""}</span></header>
          <Causes causes={b.causes} />
          {!b.knows_keys && <p className="faint foot">Reeve cannot tell other keys of your organisation apart yet: it learns its own once they are rotated with this admin key.</p>}
        </section>
      </div>
      <Rows board={b} chosen={chosen} set={set} />
    </>
  );
}

function LastImport({ account }: { account: BillAccountView | undefined }) {
  if (!account) return null;
  if (account.last?.error) return <span className="row"><Chip tone="bad">last import failed</Chip><span className="dim clip" title={account.last.error}>{account.last.error}</span></span>;
  return <span className="dim">{account.taken ? <>imported <TimeAgo at={account.taken.at} /></> : "not imported yet"}</span>;
}

export function BillsPage() {
  const search: BillsSearch = route.useSearch();
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const may = useMay("usage:write");
  const accounts = useQuery(accountsQuery);
  const set: Set = (patch) => void navigate({ search: (old) => ({ ...old, ...patch }), replace: true });
  const run = useMutation({
    mutationFn: () => take(api.POST("/bills/import", { body: {} })),
    onSettled: () => void client.invalidateQueries({ queryKey: ["bills"] }),
    onSuccess: ({ items }) => {
      const failed = items.filter((i) => i.error);
      const first = failed[0];
      if (first) toast({ title: `${plural(failed.length, "bill")} could not be imported`, detail: first.error ?? undefined });
      else toast({ title: `Imported ${plural(items.length, "bill")}`, detail: items.map((i) => `${providerName(i.provider)}: ${formatUsd(i.billed_usd)}`).join(", ") });
    },
  });
  const all = accounts.data?.items ?? [];
  const providers = [...new Set(all.map((a) => a.provider))];
  const provider = search.provider && providers.includes(search.provider) ? search.provider : providers[0];
  const days = search.days ?? 30;
  const actions = (
    <>
      <Button onPress={() => set({ imports: true })}>Imports</Button>
      <Button kind="primary" onPress={() => run.mutate()} pending={run.isPending} disabledReason={may ?? (all.length === 0 ? "Add an admin key first" : null)}><Icon name="import" size={13} /> Import now</Button>
    </>
  );
  return (
    <Page title="Provider bills" actions={actions}>
      {run.error && <div className="filters"><FormError error={run.error} /></div>}
      {accounts.isError ? <ErrorState of={accounts} what="Provider bills" /> : accounts.isPending ? <div className="page"><section className="card"><SkeletonRows rows={8} /></section></div> : provider === undefined ? (
        <Empty title="No bill to hold against the ledger yet" action={<Link className="btn" to="/keys">Open Keys</Link>}>
          Reeve can fetch the bills of OpenAI and Anthropic once a day and name the cause of every difference. It needs an admin key of your organisation there, which you add under Keys; it is used to read reports and manage keys, never for calls.
        </Empty>
      ) : (
        <>
          <div className="filters">
            <MenuButton label={<><span className="dim">bill of</span> {providerName(provider)}</>} ariaLabel={`Bill of ${providerName(provider)}`} items={providers.map((id) => ({ id, label: providerName(id) }))} selected={provider} onAction={(id) => set({ provider: id, row: undefined })} />
            <MenuButton label={`Last ${days} days`} ariaLabel={`Time range: last ${days} days`} items={BILL_RANGES.map((n) => ({ id: String(n), label: `Last ${n} days` }))} selected={String(days)} onAction={(id) => set({ days: BILL_RANGES.find((n) => String(n) === id && n !== 30), row: undefined })} />
            <span className="push" />
            <LastImport account={all.find((a) => a.provider === provider)} />
          </div>
          <Board provider={provider} days={days} chosen={search.row} set={set} />
        </>
      )}
      {search.imports && <ImportsSheet onClose={() => set({ imports: undefined })} />}
    </Page>
  );
}
