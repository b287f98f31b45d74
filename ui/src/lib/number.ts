const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const formatCount = (n: number | null | undefined): string => (n == null ? "–" : whole.format(n));
export const formatCompact = (n: number): string => (Math.abs(n) < 10_000 ? whole.format(n) : compact.format(n));
/** A mean: one decimal where it is small. */
export const formatRate = (n: number): string => (n < 10 ? n.toLocaleString("en", { maximumFractionDigits: 1 }) : whole.format(n));
export const plural = (n: number, one: string, many = `${one}s`): string => `${formatCount(n)} ${n === 1 ? one : many}`;
/** A small part is never shown as none. */
export const formatPercent = (n: number): string =>
  n > 0 && n < 0.05 ? "< 0.1%" : `${n.toLocaleString("en", { maximumFractionDigits: Math.abs(n) < 10 ? 1 : 0 })}%`;
export function formatDuration(ms: number | null | undefined): string {
  if (ms == null) return "–";
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
/** "7f3a…c91e": enough to compare by eye. */
export const shortHash = (hash: string, head = 4, tail = 4): string =>
  hash.length <= head + tail + 1 ? hash : `${hash.slice(0, head)}…${hash.slice(-tail)}`;
export const groupedHash = (hash: string): string =>
  hash.length < 20 ? hash : `${hash.slice(0, 4)} ${hash.slice(4, 8)} ${hash.slice(8, 12)} … ${hash.slice(-4)}`;
