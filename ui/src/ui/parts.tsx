import { useEffect, useState, type CSSProperties, type ReactNode } from "react";
import { copyText } from "@/lib/clipboard";
import { Button } from "./Button";
import { Icon, type IconName } from "./Icon";

export type Tone = "ok" | "warn" | "bad" | "info" | "none";

export function Chip({ tone = "none", plain, children }: { tone?: Tone; plain?: boolean; children: ReactNode }) {
  return <span className={`chip ${tone === "none" ? "" : tone}${plain ? " plain" : ""}`}>{children}</span>;
}

export function Skeleton({ width = "70%", height }: { width?: number | string; height?: number }) {
  return <span className="sk" style={{ width, height }} aria-hidden="true" />;
}

export function CopyButton({ value, what, text }: { value: string; what: string; text?: string }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1_600);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = () => void copyText(value).then(setDone);
  return (
    <>
      <Button kind={text ? "plain" : "icon"} small label={`Copy ${what}`} onPress={copy}>
        <Icon name={done ? "check" : "copy"} size={13} />
        {text && (done ? "Copied" : text)}
      </Button>
      <span className="sr" role="status">
        {done ? `Copied ${what}` : ""}
      </span>
    </>
  );
}

export function Notice({ tone = "warn", icon = "warn", box, children }: { tone?: "warn" | "bad" | "info"; icon?: IconName; box?: boolean; children: ReactNode }) {
  return (
    <div className={`notice ${tone}${box ? " box" : ""}`} role={tone === "bad" ? "alert" : "status"}>
      <Icon name={icon} />
      <div>{children}</div>
    </div>
  );
}

export interface MeterParts {
  spent: number;
  reserved?: number;
  projected?: number | null;
  tone?: "ok" | "warn" | "bad";
  label: string;
  thin?: boolean;
  /** Where the whole can never be passed, it ends the bar and needs no mark. */
  capped?: boolean;
}
/** Percent of the limit. The limit stands at four fifths of the width so that overspending has room to show. */
const LIMIT_AT = 80;
export function Meter({ spent, reserved = 0, projected, tone = "ok", label, thin, capped }: MeterParts) {
  const at = (percent: number) => Math.max(0, Math.min(100, (percent * (capped ? 100 : LIMIT_AT)) / 100));
  const solid = at(spent);
  const held = at(spent + reserved) - solid;
  const ahead = projected == null ? 0 : at(projected) - solid - held;
  const seg = (left: number, width: number): CSSProperties => ({ left: `${left}%`, width: `${width}%` });
  return (
    <div className={`meter${thin ? " thin" : ""}`} role="img" aria-label={label}>
      {ahead > 0 && <i className="proj" style={seg(0, solid + held + ahead)} />}
      {held > 0 && <i className="res" style={seg(solid, Math.max(held, 0.8))} />}
      <i className={tone === "bad" ? "b" : tone === "warn" ? "w" : ""} style={seg(0, solid)} />
      {!capped && <i className="tick" style={{ left: `${LIMIT_AT}%` }} />}
    </div>
  );
}

/** Decoration beside figures that say the same; hidden from screen readers. */
export function Sparkline({ values, colour = 1, width = 92, height = 20 }: { values: number[]; colour?: number; width?: number; height?: number }) {
  if (values.length < 2) return <span className="faint">–</span>;
  const top = Math.max(...values, 0);
  const step = (width - 2) / (values.length - 1);
  const y = (v: number) => (top === 0 ? height - 2 : height - 2 - (v / top) * (height - 4));
  const d = values.map((v, i) => `${i ? "L" : "M"}${(1 + i * step).toFixed(1)} ${y(v).toFixed(1)}`).join("");
  return (
    <svg width={width} height={height} aria-hidden="true">
      <path d={d} fill="none" stroke={`var(--c${((colour - 1) % 5) + 1})`} strokeWidth="1.4" strokeLinejoin="round" />
    </svg>
  );
}

export function Empty({ title, children, action, tight, level = 2 }: { title: string; children?: ReactNode; action?: ReactNode; tight?: boolean; level?: 2 | 3 }) {
  const Heading = level === 2 && !tight ? "h2" : "h3";
  return (
    <div className={`empty${tight ? " tight" : ""}`}>
      <Heading>{title}</Heading>
      {children && <p>{children}</p>}
      {action && <div className="row">{action}</div>}
    </div>
  );
}

/** How far something is, in percent; without a value, only that it goes on. */
export function Progress({ label, value }: { label: string; value?: number | undefined }) {
  return (
    <div className="progress" role="progressbar" aria-label={label} aria-valuenow={value}>
      <i style={value === undefined ? undefined : { animation: "none", width: `${value}%` }} />
    </div>
  );
}

export function Code({ children, what, wrapped }: { children: string; what: string; wrapped?: boolean }) {
  return (
    <div className="codebox">
      {/* Scrollable text must be reachable by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className={`code${wrapped ? " wrapped" : ""}`} tabIndex={0} aria-label={what}>
        {children}
      </pre>
      <CopyButton value={children} what={what} />
    </div>
  );
}
