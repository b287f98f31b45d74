import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useRouter } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { api, take, type AuditEntryView, type OverviewTenant, type OverviewView } from "@/api";
import { DailyCost, ErrorState, Kpi, Money, Outcome, Page, SampleChip, SkeletonRows, TableToggle, TIER_WORDS, TimeAgo, useMay, useTenantsAlone, useZone } from "@/components";
import { reasonWords } from "@/features/requests";
import { formatUsd, percentOf, plotUsd } from "@/lib/money";
import { formatCount, formatDuration, formatPercent, formatRate, plural } from "@/lib/number";
import { absolute, clockTime } from "@/lib/time";
import { Button, Chip, Empty, Meter, Skeleton, Sparkline, type Tone } from "@/ui";

export const overviewQuery = queryOptions({
  queryKey: ["overview"],
  queryFn: ({ signal }) => take(api.GET("/overview", { signal })),
  refetchInterval: 60_000,
});

const weekday = (zone: string) => new Date().toLocaleDateString("en", { weekday: "long", timeZone: zone });
function todayNote(o: OverviewView, zone: string): string {
  const parts: string[] = [];
  if (o.today.limit_usd && o.today.percentage != null) parts.push(`${formatPercent(o.today.percentage)} of the daily limit`);
  const usual = plotUsd(o.today.usual_cost_usd);
  if (o.today.usual_cost_usd !== null && usual > 0) {
    const gap = percentOf(o.today.cost_usd, o.today.usual_cost_usd) - 100;
    parts.push(Math.abs(gap) < 5 ? `like a usual ${weekday(zone)} so far` : `${formatPercent(Math.abs(gap))} ${gap > 0 ? "above" : "below"} a usual ${weekday(zone)}`);
  }
  return parts.join(", ") || "No daily limit set";
}
function refusedNote({ refused_today: r }: OverviewView): string {
  const parts = r.by_reason.slice(0, 3).map((b) => `${formatCount(b.calls)} ${reasonWords(b.reason)}`);
  const rest = r.total - r.by_reason.slice(0, 3).reduce((sum, b) => sum + b.calls, 0);
  return [...parts, ...(rest > 0 ? [`${formatCount(rest)} other`] : [])].join(", ") || "No call was refused";
}
/** What the gateway adds, and of which calls that is said: a figure without its ground is no figure. */
function trafficNote({ added_latency_p95_ms: p95, traffic: t }: OverviewView): ReactNode {
  if (p95 === null) return t.live > 0 ? `${plural(t.live, "call")} on the way now` : `Nothing measured in the last ${t.minutes} minutes`;
  const why = `Of ${plural(t.calls, "call")} in the last ${t.minutes} minutes, half took at most ${formatDuration(t.added_latency_p50_ms)} and 95 in 100 at most ${formatDuration(p95)} in Reeve itself, waiting for provider and caller left out.`;
  return <span title={why}>{formatDuration(p95)} added at p95, {formatRate(t.calls / t.minutes)} a minute<span className="sr">. {why}</span></span>;
}
function needsNote({ needs_you }: OverviewView): string {
  const by = (s: string) => needs_you.filter((n) => n.severity === s).length;
  const parts = [["critical", by("critical")], ["warning", by("warning")], ["to know", by("info")]].filter(([, n]) => Number(n) > 0).map(([w, n]) => `${n} ${w}`);
  return parts.join(", ") || "Nothing waits for you";
}

function Figures({ o }: { o: OverviewView | undefined }) {
  const zone = useZone();
  if (!o) return <div className="kpis" role="status" aria-label="Loading">{["a", "b", "c", "d", "e"].map((k) => <div className="kpi" key={k}><Skeleton width="50%" /><div style={{ height: 10 }} /><Skeleton width="70%" height={22} /></div>)}</div>;
  return (
    <div className="kpis">
      <Kpi label="Spend today" unit={o.today.limit_usd && <>of <Money usd={o.today.limit_usd} trim /></>} note={todayNote(o, zone)}><Money usd={o.today.cost_usd} /></Kpi>
      <Kpi label="Month to date" unit={o.month.limit_usd && <>of <Money usd={o.month.limit_usd} trim /></>} note={o.month.projected_usd === null ? "Too early to project the month" : <>Projected <b><Money usd={o.month.projected_usd} whole /></b> at this pace</>}><Money usd={o.month.cost_usd} /></Kpi>
      <Kpi label="Requests today" note={trafficNote(o)}><Link className="figlink" to="/requests">{formatCount(o.today.requests)}</Link></Kpi>
      <Kpi label="Refused today" note={refusedNote(o)}><Link className="figlink" to="/requests" search={{ filters: "outcome:refused" }}>{formatCount(o.refused_today.total)}</Link></Kpi>
      <Kpi label="Needs you" note={needsNote(o)}>{formatCount(o.needs_you.length)}</Kpi>
    </div>
  );
}

function CostCard({ o }: { o: OverviewView | undefined }) {
  const [table, setTable] = useState(false);
  const over = o?.month.limit_usd && o.month.projected_usd && percentOf(o.month.projected_usd, o.month.limit_usd) > 100;
  return (
    <section className="card">
      <header>
        <h2>Cost by day</h2><span className="dim">All tenants, last 30 days</span>
        <span className="push row">{over && <Chip tone="warn">Month heads for {formatPercent(percentOf(o.month.projected_usd, o.month.limit_usd))} of its limit</Chip>}<TableToggle on={table} onChange={setTable} /></span>
      </header>
      {o ? <DailyCost title="Cost by day, all tenants" days={o.daily} limit={o.daily_limit_usd} showTable={table} /> : <div style={{ padding: 14 }}><Skeleton width="100%" height={216} /></div>}
    </section>
  );
}

const SEVERITY: Record<OverviewView["needs_you"][number]["severity"], [Tone, string]> = { critical: ["bad", "Critical"], warning: ["warn", "Warning"], info: ["info", "To know"] };
function NeedsYou({ o }: { o: OverviewView | undefined }) {
  const router = useRouter();
  return (
    <section className="card">
      <header><h2>Needs you</h2></header>
      {!o ? <SkeletonRows rows={4} widths={["16%", "60%"]} /> : o.needs_you.length === 0 ? <Empty tight title="Nothing waits for you">Budgets near their limit, failing keys and broken checks show here.</Empty> : (
        <table className="t fixed" style={{ marginTop: 6 }}>
          <colgroup><col style={{ width: 96 }} /><col /><col style={{ width: 96 }} /></colgroup>
          <thead className="sr"><tr><th>Severity</th><th>What</th><th>When</th></tr></thead>
          <tbody>
            {o.needs_you.slice(0, 6).map((n, i) => (
              <tr key={i}>
                <td><Chip tone={SEVERITY[n.severity][0]}>{SEVERITY[n.severity][1]}</Chip></td>
                <td style={{ whiteSpace: "normal", paddingBlock: 5 }}><a className="rowlink" style={{ fontWeight: 400 }} href={n.link} onClick={(e) => { e.preventDefault(); router.history.push(n.link); }}>{n.text}</a></td>
                <td className="num faint"><TimeAgo at={n.time} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function budgetMeter(t: OverviewTenant) {
  if (!t.budget) return <span className="faint">no budget</span>;
  const { limit_usd, percentage_used: used, projected_usd } = t.budget;
  return <Meter thin spent={used} projected={projected_usd === null ? null : percentOf(projected_usd, limit_usd)} tone={used >= 100 ? "bad" : used >= 75 ? "warn" : "ok"} label={`${formatPercent(used)} of ${formatUsd(limit_usd)} used`} />;
}
function Tenants({ o }: { o: OverviewView | undefined }) {
  const navigate = useNavigate();
  const may = useMay("tenant:write");
  return (
    <section className="card">
      <header><h2>Tenants</h2><span className="dim">by month-to-date cost</span><span className="push"><Link to="/tenants">All tenants</Link></span></header>
      {!o ? <SkeletonRows rows={5} /> : o.tenants.length === 0 ? (
        <Empty tight title="No tenants yet" action={<Button onPress={() => void navigate({ to: "/tenants", search: { new: true } })} disabledReason={may}>New tenant</Button>}>Each team, product or customer is a tenant with its own keys, quota and budgets.</Empty>
      ) : (
        <table className="t">
          <thead><tr><th>Tenant</th><th className="wide-only">Tier</th><th className="num">Month to date</th><th style={{ width: "28%" }}>Budget, with projection</th><th className="num">Requests</th><th className="wide-only">30 days</th></tr></thead>
          <tbody>
            {o.tenants.map((t, i) => (
              <tr key={t.id}>
                <td><Link className="rowlink" to="/tenants/$id" params={{ id: t.id }}>{t.name}</Link> {t.sample && <SampleChip />}</td>
                <td className="dim wide-only">{TIER_WORDS[t.tier]}</td><td className="num"><Money usd={t.usage.month.cost_usd} /></td>
                <td style={{ overflow: "visible" }}>{budgetMeter(t)}</td><td className="num">{formatCount(t.usage.month.requests)}</td><td className="wide-only"><Sparkline values={t.daily_cost_usd.map(plotUsd)} colour={i + 1} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Recent({ rows }: { rows: AuditEntryView[] | undefined }) {
  const zone = useZone();
  return (
    <section className="card">
      <header><h2>Audit trail</h2><span className="dim">live</span><span className="push"><Link to="/audit">All entries</Link></span></header>
      {!rows ? <SkeletonRows rows={6} /> : rows.length === 0 ? <Empty tight title="Nothing recorded yet" /> : (
        <table className="t fixed" style={{ marginTop: 4 }}>
          <colgroup><col style={{ width: 82 }} /><col /><col className="wide-only" style={{ width: "25%" }} /><col style={{ width: 96 }} /></colgroup>
          <thead className="sr"><tr><th>Time</th><th>Event</th><th className="wide-only">What</th><th>Outcome</th></tr></thead>
          <tbody>
            {rows.slice(0, 6).map((e) => (
              <tr key={e.id}>
                <td className="mono faint" title={absolute(e.time, zone)}>{clockTime(e.time, zone)}</td>
                <td className="mono" title={e.event_type}><Link className="rowlink" style={{ fontWeight: 400 }} to="/audit" search={{ entry: e.id }}>{e.event_type}</Link></td>
                <td className="wide-only" title={e.summary}>{e.resource?.name ?? e.summary}</td><td><Outcome value={e.outcome} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

export function OverviewPage() {
  const alone = useTenantsAlone("usage:read");
  const query = useQuery({ ...overviewQuery, enabled: !alone });
  const o = query.data;
  if (alone)
    return (
      <Page title="Overview">
        <Empty title="This is of the whole workspace" action={<Link to="/tenants">Your tenants</Link>}>What you were granted is for single tenants. Their pages show what they spend, their keys and their budgets.</Empty>
      </Page>
    );
  return (
    <Page title="Overview" beside={o && <span className="sr" role="status">{plural(o.needs_you.length, "thing")} need you</span>}>
      {query.isError && !o ? <ErrorState of={query} what="The overview" /> : (
        <div className="page">
          <Figures o={o} />
          <div className="split wide-left"><CostCard o={o} /><NeedsYou o={o} /></div>
          <div className="split wide-left"><Tenants o={o} /><Recent rows={o?.recent} /></div>
        </div>
      )}
    </Page>
  );
}
