/** Times are shown in the workspace's zone. All functions take the zone; none reads the clock by itself. */
const cache = new Map<string, Intl.DateTimeFormat>();
function fmt(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone}|${JSON.stringify(options)}`;
  let found = cache.get(key);
  if (!found) {
    try {
      found = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone });
    } catch {
      found = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" });
    }
    cache.set(key, found);
  }
  return found;
}

export const clockTime = (iso: string, zone: string): string =>
  fmt(zone, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(new Date(iso));
export const clockMillis = (iso: string, zone: string): string =>
  `${clockTime(iso, zone)}.${String(new Date(iso).getUTCMilliseconds()).padStart(3, "0")}`;
export const shortDay = (iso: string, zone: string): string =>
  fmt(zone, { day: "numeric", month: "short" }).format(new Date(iso)).replace("Sept", "Sep");
export const dayAndTime = (iso: string, zone: string): string =>
  fmt(zone, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(iso));
export const dayAndYear = (iso: string, zone: string): string =>
  fmt(zone, { day: "numeric", month: "short", year: "numeric" }).format(new Date(iso)).replace("Sept", "Sep");
export const absolute = (iso: string, zone: string): string =>
  `${fmt(zone, {
    weekday: "short", day: "numeric", month: "short", year: "numeric",
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  }).format(new Date(iso))} ${zone}`;
export const monthName = (iso: string, zone: string): string =>
  fmt(zone, { month: "long", year: "numeric" }).format(new Date(iso));
/** Calendar day in the zone as YYYY-MM-DD. */
export const dayKey = (iso: string, zone: string): string =>
  fmt(zone, { year: "numeric", month: "2-digit", day: "2-digit" })
    .formatToParts(new Date(iso))
    .reduce((acc, p) => (p.type === "year" ? p.value + acc.slice(4) : p.type === "month" ? acc.slice(0, 5) + p.value + acc.slice(7) : p.type === "day" ? acc.slice(0, 8) + p.value : acc), "0000-00-00");
/** "12 Oct" of a plain calendar day, which has no zone. */
export const plainDay = (day: string): string => shortDay(`${day}T12:00:00Z`, "UTC");

const MIN = 60_000;
const HOUR = 60 * MIN;
const DAY = 24 * HOUR;
/** "now", "4 min ago", "3 h ago", "2 days ago", then the date. The same ahead: "in 4 min". */
export function relative(iso: string, now: number, zone: string): string {
  const gap = now - new Date(iso).getTime();
  const abs = Math.abs(gap);
  if (abs < 45_000) return "now";
  const say = (n: number, unit: string) => (gap > 0 ? `${n} ${unit} ago` : `in ${n} ${unit}`);
  if (abs < HOUR) return say(Math.max(1, Math.round(abs / MIN)), "min");
  if (abs < DAY) return say(Math.round(abs / HOUR), "h");
  const days = Math.round(abs / DAY);
  if (days < 7) return say(days, days === 1 ? "day" : "days");
  const sameYear = dayKey(iso, zone).slice(0, 4) === dayKey(new Date(now).toISOString(), zone).slice(0, 4);
  return sameYear ? shortDay(iso, zone) : fmt(zone, { day: "numeric", month: "short", year: "numeric" }).format(new Date(iso));
}

export const localZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
export const allZones = (): string[] => {
  const zones = Intl.supportedValuesOf("timeZone");
  return zones.includes("UTC") ? zones : ["UTC", ...zones];
};

/** Named ranges in the URL; a custom range is two ISO times joined by "..". */
export const RANGES = { "1h": HOUR, "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY, "90d": 90 * DAY } as const;
export type RangeName = keyof typeof RANGES;
export const RANGE_WORDS: Record<RangeName, string> = {
  "1h": "Last hour", "24h": "Last 24 hours", "7d": "Last 7 days", "30d": "Last 30 days", "90d": "Last 90 days",
};
export function resolveRange(range: string | undefined, now: number): { from?: string; to?: string } {
  if (!range) return {};
  if (range in RANGES) return { from: new Date(now - RANGES[range as RangeName]).toISOString() };
  const [from, to] = range.split("..");
  const valid = (t: string | undefined) => (t && !Number.isNaN(Date.parse(t)) ? new Date(t).toISOString() : undefined);
  return { from: valid(from), to: valid(to) };
}
export function rangeWords(range: string | undefined, zone: string): string {
  if (!range) return "All time";
  if (range in RANGE_WORDS) return RANGE_WORDS[range as RangeName];
  const { from, to } = resolveRange(range, 0);
  if (!from && !to) return "All time";
  return `${from ? dayAndTime(from, zone) : "start"} – ${to ? dayAndTime(to, zone) : "now"}`;
}

/** "2026-12-01T00:00" as a moment of the zone's clock. Where the clock skips it, the moment just after. */
export function ofWallClock(local: string, zone: string): string | null {
  const asUtc = Date.parse(`${local}Z`);
  if (Number.isNaN(asUtc)) return null;
  const offsetAt = (at: number) => Date.parse(`${wallClock(new Date(at).toISOString(), zone)}Z`) - Math.floor(at / MIN) * MIN;
  const near = asUtc - offsetAt(asUtc);
  return new Date(asUtc - offsetAt(near)).toISOString();
}
/** A moment as the zone's clock shows it, for a field of type datetime-local. */
export const wallClock = (iso: string, zone: string): string =>
  `${dayKey(iso, zone)}T${fmt(zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(iso))}`;
