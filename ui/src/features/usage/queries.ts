import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, take, type SummaryQuery } from "@/api";
import { resolveRange } from "@/lib/time";

export const GROUPS = ["model", "provider", "tenant", "api_key", "user", "tag", "credential", "operation"] as const;
export type Group = (typeof GROUPS)[number];
export interface UsageFilter {
  range: string;
  tenant?: string;
}
/** Rounded to the minute: the same view asks the same question. */
const span = (range: string) => resolveRange(range, Math.floor(Date.now() / 60_000) * 60_000);
/** Whole days are calendar days of the workspace, so that a chart of them has as many points as its title says. */
const days = (range: string) => (/^\d+d$/.test(range) ? { days: Number.parseInt(range, 10) } : span(range));

export const summaryQuery = (filter: UsageFilter, group: SummaryQuery["group_by"]) =>
  queryOptions({
    queryKey: ["usage", "summary", filter.range, filter.tenant, group],
    queryFn: ({ signal }) => take(api.GET("/usage/summary", { params: { query: { group_by: group, tenant_id: filter.tenant, ...days(filter.range) } }, signal })),
    placeholderData: keepPreviousData,
  });

export const UNIT_WORDS: Record<string, string> = {
  input: "Input", cache_read: "Read from cache", cache_write: "Written to cache, 5 min", cache_write_1h: "Written to cache, 1 h",
  output: "Output", reasoning: "Reasoning", audio_input: "Audio in", audio_output: "Audio out", images: "Images",
};
export const unitWords = (unit: string): string => UNIT_WORDS[unit] ?? unit.replaceAll("_", " ");
export const tokensIn = (usage: Record<string, number>): number => (usage.input ?? 0) + (usage.cache_read ?? 0) + (usage.cache_write ?? 0) + (usage.cache_write_1h ?? 0);
export const tokensOut = (usage: Record<string, number>): number => (usage.output ?? 0) + (usage.reasoning ?? 0);
