import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, take, type BillCause, type BillCauseView, type BillRowView } from "@/api";
import { compareUsd } from "@/lib/money";
import type { Tone } from "@/ui";

export const BILL_RANGES = [7, 30, 90] as const;
export type BillRange = (typeof BILL_RANGES)[number];

export const accountsQuery = queryOptions({
  queryKey: ["bills", "accounts"],
  queryFn: ({ signal }) => take(api.GET("/bills/accounts", { signal })),
});
export const importsQuery = infiniteQueryOptions({
  queryKey: ["bills", "imports"],
  queryFn: ({ pageParam, signal }) => take(api.GET("/bills/imports", { params: { query: { limit: 50, cursor: pageParam } }, signal })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (last) => last.next_cursor ?? undefined,
});
/** The board of one provider, for so many days up to today. */
export const boardQuery = (provider: string, days: BillRange) => queryOptions({
  queryKey: ["bills", "board", provider, days],
  queryFn: ({ signal }) => take(api.GET("/bills/reconciliation", { params: { query: { provider, from: new Date(Date.now() - (days - 1) * 86_400_000).toISOString() } }, signal })),
  placeholderData: keepPreviousData,
});

export const PROVIDER_WORDS: Record<string, string> = { openai: "OpenAI", anthropic: "Anthropic" };
export const providerName = (id: string): string => PROVIDER_WORDS[id] ?? id;

interface Words {
  tone: Tone;
  name: string;
  /** What it means and what to do, for somebody who does not know how the provider bills. */
  says: string;
}
export const CAUSE_WORDS: Record<BillCause, Words> = {
  recent: { tone: "info", name: "Still moving", says: "The provider has not closed the day yet. Reeve imports the last seven days again every day; it settles by itself." },
  no_model: { tone: "none", name: "Not for a model", says: "Lines of the bill that belong to no model: tools, storage, credits. Reeve keeps no ledger of them." },
  other_keys: { tone: "warn", name: "Other keys", says: "Spent with keys of your organisation that Reeve does not hold. Revoke them or route their use through Reeve." },
  not_through_reeve: { tone: "warn", name: "Not through Reeve", says: "The provider counted more use than passed through Reeve: somebody calls it directly." },
  not_on_the_bill: { tone: "info", name: "Not on the bill", says: "Reeve charged use that this bill does not list: it belongs to another organisation's key, or the provider gave it for free." },
  unpriced: { tone: "warn", name: "No price in Reeve", says: "Calls that Reeve recorded without a price. Set one under Prices and rate the period again." },
  priority_tier: { tone: "info", name: "Priority tier", says: "The provider's report leaves out what the priority tier costs; it is on the invoice alone." },
  cache_tokens: { tone: "warn", name: "Cached tokens", says: "The same number of tokens, but the provider served another part of them from its cache than Reeve counted." },
  price_differs: { tone: "bad", name: "Price differs", says: "The same use at another price than Reeve's. Check Prices: a discount of yours, or a price that has changed." },
  rounding: { tone: "none", name: "Rounding", says: "At most a cent for a day and model." },
  blocked_requests: { tone: "none", name: "Blocked requests", says: "The provider counts calls that it blocked as use, but does not bill them." },
  unexplained: { tone: "bad", name: "Unexplained", says: "None of the known causes fits. Compare the lines on the provider's own page." },
};

/** The cause with the largest share, which stands for the row in the list. */
export const mainCause = (causes: BillCauseView[]): BillCauseView | undefined =>
  causes.reduce<BillCauseView | undefined>((top, c) => (top && compareUsd(bare(top.amount_usd), bare(c.amount_usd)) >= 0 ? top : c), undefined);
/** An amount without its sign. */
export const bare = (usd: string): string => usd.replace(/^-/, "");
/** An amount with its sign, as a difference is written: +1.20, −0.40. */
export const signed = (usd: string, shown: string): string => (compareUsd(usd, "0") > 0 ? `+${shown}` : shown);

export const rowKey = (row: BillRowView): string => `${row.day} ${row.is_model ? "m" : "l"} ${row.name}`;

/** How much of the bill is the same in Reeve, as a share of it: 100 % where there is no difference. */
export function agreement(billed: string, causes: BillCauseView[]): number | null {
  const whole = Number(bare(billed));
  if (!(whole > 0)) return null;
  const apart = causes.reduce((sum, c) => sum + Number(bare(c.amount_usd)), 0);
  return Math.max(0, 100 * (1 - apart / whole));
}
