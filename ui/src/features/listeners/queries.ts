import { queryOptions } from "@tanstack/react-query";
import { api, take, type AuditSeverity, type ListenerState, type ListenerView } from "@/api";
import type { Tone } from "@/ui";

/** Listeners move on by themselves, so they are asked for again while somebody looks. */
const REFRESH_MS = 5_000;
export const listenersQuery = queryOptions({
  queryKey: ["listeners", "list"],
  queryFn: ({ signal }) => take(api.GET("/audit/listeners", { signal })),
  refetchInterval: REFRESH_MS,
});
export const deliveriesQuery = (id: string) => queryOptions({
  queryKey: ["listeners", "deliveries", id],
  queryFn: ({ signal }) => take(api.GET("/audit/listeners/{id}/deliveries", { params: { path: { id } }, signal })),
  refetchInterval: REFRESH_MS,
});

export const STATE_WORDS: Record<ListenerState, [Tone, string]> = { sending: ["ok", "Sending"], retrying: ["warn", "Trying again"], paused: ["none", "Paused"], stopped: ["bad", "Stopped"] };
export const SEVERITIES: readonly AuditSeverity[] = ["info", "notice", "warning", "critical"];
export const SEVERITY_WORDS: Record<AuditSeverity, string> = { info: "Everything", notice: "Notices and louder", warning: "Warnings and louder", critical: "Critical alone" };

/** One beginning of event types a line or word; none means all. */
export const readTypes = (text: string): string[] => [...new Set(text.split(/[\s,]+/).filter(Boolean))];
export function sentWords(l: Pick<ListenerView, "event_types" | "min_severity" | "stream">): string {
  const [first, ...rest] = l.event_types;
  const types = first === undefined ? "everything" : rest.length === 0 ? `${first}*` : `${first}* and ${rest.length} more`;
  const loud = l.min_severity === "info" ? "" : `, ${SEVERITY_WORDS[l.min_severity].toLowerCase()}`;
  return `${types}${loud}${l.stream === "usage" ? " of the usage ledger" : ""}`;
}
export function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}
