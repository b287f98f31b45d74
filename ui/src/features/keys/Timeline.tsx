import type { CredentialView } from "@/api";
import { absolute } from "@/lib/time";
import { useZone } from "@/components";
import { DAY } from "./words";

export const BACK = 85 * DAY;
export const AHEAD = 85 * DAY;

interface Bar { left: number; width: number; kind: "now" | "old" | "grace" | "next"; text: string; title: string }

/** The keys of a credential as bars: those before, the one in use until it is due, the one behind it. */
function bars(c: CredentialView, now: number, zone: string): Bar[] {
  const [start, end] = [now - BACK, now + AHEAD];
  const at = (ms: number) => (100 * (Math.min(end, Math.max(start, ms)) - start)) / (end - start);
  const bar = (from: number, to: number, kind: Bar["kind"], text: string, title: string): Bar | null => (to <= start || from >= end || at(to) - at(from) < 0.4 ? null : { left: at(from), width: at(to) - at(from), kind, text, title });
  const found: (Bar | null)[] = [];
  // Both keys work then: it is drawn beneath the one in use.
  const graces: (Bar | null)[] = [];
  const due = c.due ? Date.parse(c.due.at) : end;
  for (const v of [...c.versions].reverse()) {
    if (!v.promoted_at) continue;
    const from = Date.parse(v.promoted_at);
    const until = v.retired_at ? Date.parse(v.retired_at) : c.state === "revoked" ? Date.parse(c.revoked_at ?? v.promoted_at) : Math.max(now, due);
    const current = v.state === "current";
    found.push(bar(from, until, current ? "now" : "old", `v${v.version}`, `v${v.version}: ${absolute(v.promoted_at, zone)} – ${v.retired_at ? absolute(v.retired_at, zone) : "now"}`));
    if (v.retired_at && v.grace_until) graces.push(bar(Date.parse(v.retired_at), Date.parse(v.grace_until), "grace", "", `v${v.version} in grace until ${absolute(v.grace_until, zone)}`));
  }
  if (c.state === "current" && c.due) found.push(bar(Math.max(now, due), end, "next", `v${c.version + 1}`, `The next key, ${absolute(c.due.at, zone)}`));
  return [...found, ...graces].filter((b) => b !== null);
}

export function Timeline({ of: c, now }: { of: CredentialView; now: number }) {
  const zone = useZone();
  const due = c.due ? `, the next key is due ${absolute(c.due.at, zone)}` : "";
  return (
    <div className="keyline" role="img" aria-label={`v${c.version} in use since ${absolute(c.promoted_at, zone)}${due}`}>
      {bars(c, now, zone).map((b) => <i key={`${b.kind}${b.left}${b.text}`} className={b.kind} style={{ left: `${b.left}%`, width: `${b.width}%` }} title={b.title}>{b.width > 6 ? b.text : ""}</i>)}
      <s style={{ left: `${(100 * BACK) / (BACK + AHEAD)}%` }} />
    </div>
  );
}
