import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, take, type SecurityGroupView, type SecurityView } from "@/api";
import { Chart, ErrorState, Outcome, Page, SkeletonRows, TableToggle, TimeAgo, useZone, type Palette } from "@/components";
import type { ChartOption } from "@/components/echarts";
import { formatCount, plural } from "@/lib/number";
import { absolute, plainDay } from "@/lib/time";
import { Chip, Empty, MenuButton, Skeleton } from "@/ui";
import { AuditNav } from "./AuditNav";
import { beforeWords, chartSummary, GROUP_WORDS, leadsTo, LISTED, notables, ofDay, PERIOD_DAYS, type SecuritySearch } from "./security";

const route = getRouteApi("/app/audit/security");
const DEFAULT_DAYS = 30;
const securityQuery = (days: number) =>
  queryOptions({
    queryKey: ["audit", "security", days],
    queryFn: ({ signal }) => take(api.GET("/audit/security", { params: { query: { days } }, signal })),
    refetchInterval: 60_000,
    placeholderData: keepPreviousData,
  });

function option(group: SecurityGroupView, p: Palette): ChartOption {
  return {
    textStyle: { fontFamily: "Inter Variable, sans-serif" },
    grid: { left: 2, right: 2, top: 6, bottom: 20 },
    tooltip: {
      trigger: "axis", confine: true, backgroundColor: p.surface, borderColor: p["rule-strong"], textStyle: { color: p.ink, fontSize: 12 }, axisPointer: { type: "none" },
      formatter: (params) => {
        const first = (Array.isArray(params) ? params[0] : params) as { dataIndex: number } | undefined;
        const day = group.days[first?.dataIndex ?? 0];
        return day ? `${plainDay(day.day)}<br><b>${formatCount(day.count)}</b>${day.unusual ? " unusual" : ""}` : "";
      },
    },
    xAxis: {
      type: "category", data: group.days.map((d) => plainDay(d.day)), axisTick: { show: false }, axisLine: { lineStyle: { color: p["rule-strong"] } },
      axisLabel: { color: p["ink-3"], fontSize: 11, interval: (i: number) => i === 0 || i === group.days.length - 1, alignMinLabel: "left", alignMaxLabel: "right" },
    },
    yAxis: { type: "value", show: false, min: 0, max: (v) => Math.max(v.max, 4) },
    series: [{
      type: "bar", barCategoryGap: "22%", barMinHeight: 2,
      data: group.days.map((d) => ({ value: d.count === 0 ? null : d.count, itemStyle: d.unusual ? { color: p.bad, borderColor: p.ink, borderWidth: 1 } : { color: p.accent, opacity: 0.6 } })),
    }],
  };
}

function Group({ group, view, days, table }: { group: SecurityGroupView; view: SecurityView; days: number; table: boolean }) {
  const words = GROUP_WORDS[group.key];
  const unusual = group.days.filter((d) => d.unusual).length;
  return (
    <section className="card" aria-label={words.title}>
      <header>
        <h2>{words.title}</h2><span className="dim clip" title={words.what}>{words.what}</span>
        {unusual > 0 && <span className="push"><Chip tone="bad">{plural(unusual, "unusual day")}</Chip></span>}
      </header>
      <div className="secfig">
        <Link className="figlink fig" to="/audit" search={leadsTo(group, view)} aria-label={`${words.title}: ${plural(group.total, "entry", "entries")}`}>{formatCount(group.total)}</Link>
        <span className="dim">{beforeWords(group, days)}</span>
      </div>
      {group.total === 0 ? <Empty tight title={words.none}>In {plural(days, "day")}.</Empty> : (
        <>
          <Chart
            title={`${words.title} by day`} summary={chartSummary(group)} option={(p) => option(group, p)} dataKey={JSON.stringify(group.days)} showTable={table} height={84}
            table={{ head: ["Day", "Entries"], rows: [...group.days].reverse().map((d) => [<Link key={d.day} to="/audit" search={leadsTo(group, ofDay(d))}>{plainDay(d.day)}</Link>, <>{d.unusual && <Chip tone="bad">unusual</Chip>} {formatCount(d.count)}</>]) }}
          />
          <ul className="who" aria-label={`${words.title}: who most`}>
            {group.actors.slice(0, 3).map((a) => (
              <li key={a.actor.id}><Link to="/audit" search={leadsTo(group, view, a.actor)} className="rowlink clip" title={a.actor.name}>{a.actor.name}</Link>{a.first_time && <Chip tone="warn">first export</Chip>}<span className="push num">{formatCount(a.count)}</span></li>
            ))}
          </ul>
          {group.actors_of < group.total && <p className="faint secnote">Who: of the newest {formatCount(group.actors_of)}.</p>}
        </>
      )}
    </section>
  );
}

function Latest({ group, view }: { group: SecurityGroupView; view: SecurityView }) {
  const zone = useZone();
  const words = GROUP_WORDS[group.key];
  return (
    <section className="card">
      <header><h2>Latest: {words.title.toLowerCase()}</h2><span className="push"><Link to="/audit" search={leadsTo(group, view)}>All {formatCount(group.total)}<span className="sr"> {words.title.toLowerCase()}</span></Link></span></header>
      {group.latest.length === 0 ? <Empty tight title={words.none} /> : (
        <table className="t fixed" style={{ marginTop: 4 }}>
          <colgroup><col style={{ width: 92 }} /><col style={{ width: "24%" }} /><col /><col style={{ width: 88 }} /></colgroup>
          <thead className="sr"><tr><th>Time</th><th>Who</th><th>What</th><th>Outcome</th></tr></thead>
          <tbody>
            {group.latest.map((e) => (
              <tr key={e.id}>
                <td className="faint" title={absolute(e.time, zone)}><TimeAgo at={e.time} /></td><td title={e.actor.name}>{e.actor.name}</td>
                <td title={e.summary}><Link className="rowlink" style={{ fontWeight: 400 }} to="/audit" search={{ ...leadsTo(group, view), entry: e.id }}>{e.summary}</Link></td><td><Outcome value={e.outcome} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function StandsOut({ view }: { view: SecurityView }) {
  const found = notables(view);
  return (
    <section className="card">
      <header><h2>Stands out</h2><span className="dim">{found.length === 0 ? "nothing in these days" : plural(found.length, "thing")}</span></header>
      {found.length > 0 && (
        <ul className="notables">
          {found.slice(0, 8).map((n, i) => (
            <li key={i}><Chip tone={n.day ? "bad" : "warn"}>{GROUP_WORDS[n.key].title}</Chip><Link to="/audit" search={n.to}>{n.text}</Link></li>
          ))}
          {found.length > 8 && <li className="dim">and {plural(found.length - 8, "more", "more")}, marked in the charts</li>}
        </ul>
      )}
      <p className="faint secnote">{view.rule}</p>
    </section>
  );
}

function Waiting() {
  return (
    <div className="page" role="status" aria-label="Loading">
      <section className="card"><SkeletonRows rows={2} widths={["14%", "60%"]} /></section>
      <div className="boards">{Object.keys(GROUP_WORDS).map((k) => <section className="card" key={k}><div className="body"><Skeleton width="40%" /><div style={{ height: 12 }} /><Skeleton width="22%" height={26} /><div style={{ height: 12 }} /><Skeleton width="100%" height={84} /></div></section>)}</div>
    </div>
  );
}

/** What security people look at first. Every figure leads into the trail, to exactly the entries that it counts. */
export function SecurityPage() {
  const search: SecuritySearch = route.useSearch();
  const navigate = route.useNavigate();
  const [table, setTable] = useState(false);
  const days = search.days ?? DEFAULT_DAYS;
  const board = useQuery(securityQuery(days));
  const view = board.data;
  const words = (n: number) => `Last ${plural(n, "day")}`;
  return (
    <Page
      title="Security" beside={<AuditNav />}
      actions={
        <>
          <TableToggle on={table} onChange={setTable} />
          <MenuButton
            label={words(days)} ariaLabel={`Period: ${words(days)}`} selected={String(days)} items={PERIOD_DAYS.map((n) => ({ id: String(n), label: words(n) }))}
            onAction={(id) => void navigate({ search: { days: ([7, 90] as const).find((n) => String(n) === id) }, replace: true })}
          />
        </>
      }
    >
      {board.isError && !view ? <ErrorState of={board} what="The security board" /> : !view ? <Waiting /> : (
        <div className="page" aria-busy={board.isPlaceholderData}>
          <StandsOut view={view} />
          <div className="boards">{view.groups.map((g) => <Group key={g.key} group={g} view={view} days={g.days.length} table={table} />)}</div>
          <div className="split even">{view.groups.filter((g) => LISTED.includes(g.key)).map((g) => <Latest key={g.key} group={g} view={view} />)}</div>
        </div>
      )}
    </Page>
  );
}
