import { useEffect, useId, useRef, useState, useSyncExternalStore, type ReactNode } from "react";
import { effectiveTheme, onTheme } from "@/lib/theme";
import { Button, Skeleton } from "@/ui";
import type { ChartOption, EChart } from "./echarts";

const NAMES = ["ink", "ink-2", "ink-3", "rule", "rule-strong", "surface", "accent", "accent-soft", "bad", "warn", "c1", "c2", "c3", "c4", "c5"] as const;
export type Palette = Record<(typeof NAMES)[number], string>;

/** The drawing library reads only sRGB, so each token is painted once and read back. */
function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const toRgb = (value: string): string => {
    if (!context) return value;
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = value;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
    return `rgb(${r},${g},${b})`;
  };
  return Object.fromEntries(NAMES.map((n) => [n, toRgb(style.getPropertyValue(`--${n}`).trim())])) as Palette;
}

interface Props {
  title: string;
  /** One or two sentences that say what the picture says. */
  summary: string;
  option: (palette: Palette) => ChartOption;
  /** Changes whenever `option` would draw something else. */
  dataKey: string;
  table: { head: string[]; rows: ReactNode[][] };
  height?: number;
  showTable: boolean;
}
export function Chart({ title, summary, option, dataKey, table, height = 236, showTable }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const id = useId();
  const theme = useSyncExternalStore(onTheme, effectiveTheme);
  const [ready, setReady] = useState(false);
  const draw = useRef(option);
  useEffect(() => {
    draw.current = option;
  });
  useEffect(() => {
    const element = host.current;
    if (!element || showTable) return;
    let chart: EChart | null = null;
    let gone = false;
    const observer = new ResizeObserver(() => chart?.resize());
    void import("./echarts").then(({ createChart }) => {
      if (gone) return;
      chart = createChart(element);
      chart.setOption({ ...draw.current(readPalette()), animation: false });
      observer.observe(element);
      setReady(true);
    });
    return () => {
      gone = true;
      observer.disconnect();
      chart?.dispose();
    };
  }, [dataKey, theme, showTable]);

  return (
    <figure className="chart" aria-labelledby={id}>
      <figcaption id={id} className="sr">{`${title}. ${summary}`}</figcaption>
      {showTable ? (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className="chart-table" tabIndex={0} role="region" aria-label={`${title}, as a table`}>
          <table className="t">
            <thead><tr>{table.head.map((h, i) => <th key={h} className={i ? "num" : undefined}>{h}</th>)}</tr></thead>
            <tbody>{table.rows.map((row, i) => <tr key={i}>{row.map((cell, j) => <td key={j} className={j ? "num" : undefined}>{cell}</td>)}</tr>)}</tbody>
          </table>
        </div>
      ) : (
        <>
          <div className="canvas" ref={host} style={{ height }} aria-hidden="true" />
          {!ready && <div className="wait"><Skeleton width="100%" height={height - 20} /></div>}
        </>
      )}
    </figure>
  );
}
export function TableToggle({ on, onChange }: { on: boolean; onChange: (on: boolean) => void }) {
  return <Button small kind="ghost" pressed={on} onPress={() => onChange(!on)}>{on ? "Chart" : "Table"}</Button>;
}
