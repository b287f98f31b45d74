/** Cost by day as a line, with a daily limit where there is one. Used wherever a month of spend is shown. */
import { addUsd, compareUsd, formatUsd, parseUsd, plotUsd } from "@/lib/money";
import { formatCount } from "@/lib/number";
import { plainDay } from "@/lib/time";
import { Empty } from "@/ui";
import { Chart, type Palette } from "./Chart";
import type { ChartOption } from "./echarts";

export interface DayCost {
  day: string;
  cost_usd: string;
  requests?: number;
}
interface Props {
  title: string;
  days: DayCost[];
  limit?: string | null;
  showTable: boolean;
  height?: number;
}
const axisUsd = (value: number) => (value >= 1_000 ? `$${(value / 1_000).toLocaleString("en")}k` : `$${value.toLocaleString("en", value < 0.1 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 2 })}`);
const escapeHtml = (text: string) => text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c] ?? c);

function option(days: DayCost[], limit: string | null | undefined, p: Palette): ChartOption {
  const top = Math.max(...days.map((d) => plotUsd(d.cost_usd)), limit ? plotUsd(limit) : 0);
  return {
    textStyle: { fontFamily: "Inter Variable, sans-serif" },
    grid: { left: 52, right: 16, top: 22, bottom: 26 },
    tooltip: {
      trigger: "axis", backgroundColor: p.surface, borderColor: p["rule-strong"], textStyle: { color: p.ink, fontSize: 12 }, axisPointer: { lineStyle: { color: p["rule-strong"] } },
      formatter: (params) => {
        const first = (Array.isArray(params) ? params[0] : params) as { dataIndex: number } | undefined;
        const day = days[first?.dataIndex ?? 0];
        if (!day) return "";
        const calls = day.requests === undefined ? "" : `<br>${formatCount(day.requests)} requests`;
        return `${escapeHtml(plainDay(day.day))}<br><b>${formatUsd(day.cost_usd)}</b>${calls}`;
      },
    },
    xAxis: {
      type: "category", data: days.map((d) => plainDay(d.day)), boundaryGap: false, axisTick: { show: false }, axisLine: { lineStyle: { color: p.rule } },
      axisLabel: { color: p["ink-3"], fontSize: 11, interval: Math.max(0, Math.ceil(days.length / 6) - 1), alignMinLabel: "left", alignMaxLabel: "right", showMaxLabel: true },
    },
    yAxis: {
      type: "value", max: top === 0 ? 1 : (limit && plotUsd(limit) === top ? Number((top * 1.15).toPrecision(2)) : undefined), splitNumber: 3, splitLine: { showMaxLine: !limit, lineStyle: { color: p.rule } },
      axisLabel: { color: p["ink-3"], fontSize: 11, formatter: axisUsd, showMaxLabel: !(limit && plotUsd(limit) === top) },
    },
    series: [{
      type: "line", data: days.map((d) => plotUsd(d.cost_usd)), symbol: "circle", symbolSize: 5, showSymbol: days.length === 1, lineStyle: { color: p.accent, width: 1.8 }, itemStyle: { color: p.accent }, areaStyle: { color: p.accent, opacity: 0.06 },
      ...(limit ? {
        markLine: {
          // The library rounds to cents where it is not told, and a limit of less stood in the wrong place.
          silent: true, precision: 9, symbol: "none", lineStyle: { color: p.bad, type: [4, 4], opacity: 0.8 }, data: [{ yAxis: plotUsd(limit) }],
          label: { formatter: `Daily limit ${formatUsd(limit)}`, position: "insideEndTop", color: p.bad, fontSize: 11 },
        },
      } : {}),
    }],
  };
}

export function DailyCost({ title, days, limit, showTable, height }: Props) {
  const highest = days.reduce<DayCost | undefined>((best, d) => (!best || compareUsd(d.cost_usd, best.cost_usd) > 0 ? d : best), undefined);
  const last = days.at(-1);
  const total = addUsd(...days.map((d) => d.cost_usd));
  if (parseUsd(total) === 0n) return <Empty tight title="No cost in these days">Calls through the gateway and imported usage show here.</Empty>;
  const summary = `${days.length} days, ${formatUsd(total)} in all. ${highest ? `Highest ${formatUsd(highest.cost_usd)} on ${plainDay(highest.day)}.` : ""} ${last ? `Latest ${formatUsd(last.cost_usd)} on ${plainDay(last.day)}.` : ""}${limit ? ` Daily limit ${formatUsd(limit)}.` : ""}`;
  return (
    <Chart
      title={title} summary={summary} showTable={showTable} height={height} option={(p) => option(days, limit, p)} dataKey={JSON.stringify([days, limit])}
      table={{ head: ["Day", "Cost, USD", "Requests"], rows: [...days].reverse().map((d) => [plainDay(d.day), formatUsd(d.cost_usd), formatCount(d.requests)]) }}
    />
  );
}
/** More than this many days are drawn as they come. */
const MOST_DAYS = 800;
/** The same days with those between them that cost nothing: a line drawn from one day with calls to the next would hide them. */
export function everyDay(days: DayCost[], from = days[0]?.day, to = days.at(-1)?.day): DayCost[] {
  if (!from || !to) return days;
  const [start, end] = [Date.parse(`${from}T12:00:00Z`), Date.parse(`${to}T12:00:00Z`)];
  const count = Math.round((end - start) / 86_400_000) + 1;
  if (!(count > days.length && count <= MOST_DAYS)) return days;
  const known = new Map(days.map((d) => [d.day, d]));
  return Array.from({ length: count }, (_, i) => {
    const day = new Date(start + i * 86_400_000).toISOString().slice(0, 10);
    return known.get(day) ?? { day, cost_usd: "0", requests: 0 };
  });
}
/** The last calendar days up to today in a zone, for series that come without dates. */
export function lastDays(today: string, count: number): string[] {
  const end = Date.parse(`${today}T12:00:00Z`);
  return Array.from({ length: count }, (_, i) => new Date(end - (count - 1 - i) * 86_400_000).toISOString().slice(0, 10));
}
