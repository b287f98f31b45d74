import { queryOptions } from "@tanstack/react-query";
import { api, take, type CredentialHealthView, type CredentialView, type RouteView } from "@/api";
import type { Tone } from "@/ui";

export const routesQuery = queryOptions({
  queryKey: ["routes", "list"],
  queryFn: ({ signal }) => take(api.GET("/routes", { params: { query: { limit: 1000 } }, signal })),
});
/** Figures of the last minutes: nobody sends a hint when they change, so they are asked for again while they are looked at. */
export const routingHealthQuery = queryOptions({
  queryKey: ["routes", "health"],
  queryFn: ({ signal }) => take(api.GET("/routing/health", { signal })),
  refetchInterval: 10_000,
});

export const breakerQuery = queryOptions({
  queryKey: ["routes", "breaker"],
  queryFn: ({ signal }) => take(api.GET("/routing/breaker", { signal })),
});

type Target = RouteView["targets"][number];

/** The state of a key in one word, and how loud it is. */
export function keyState(key: Pick<CredentialHealthView, "breaker" | "resting_until">): { tone: Tone; word: string } {
  if (key.breaker === "open") return { tone: "bad", word: "Kept from calls" };
  if (key.breaker === "half_open") return { tone: "warn", word: "Being tried again" };
  if (key.resting_until !== null) return { tone: "warn", word: "Resting" };
  return { tone: "ok", word: "Serving" };
}
/** How much of the first attempts a target takes, in whole percent; null where it only steps in. */
export function shareOf(target: Pick<Target, "weight">, targets: Pick<Target, "weight">[]): number | null {
  const sum = targets.reduce((total, t) => total + t.weight, 0);
  return target.weight === 0 || sum === 0 ? null : Math.round((target.weight / sum) * 100);
}
/** A route's targets in the order they are asked, in words for a row of a list. */
export const wordsOfTarget = (target: Target, targets: Target[], place: number): string => {
  const share = shareOf(target, targets);
  if (share === 100) return "first";
  if (share !== null) return `${share}%`;
  return place === 0 && targets.every((t) => t.weight === 0) ? "first" : "steps in";
};
/** Whether any live key serves a target; without one calls pass it over. */
export const isServed = (target: Target, keys: Pick<CredentialView, "id" | "provider" | "models" | "state">[]): boolean =>
  keys.some((k) => k.state === "current" && k.provider === target.provider && (target.credential_id === null || target.credential_id === k.id) && (k.models.length === 0 || k.models.includes(target.model)));
export const errorPercent = (key: Pick<CredentialHealthView, "calls" | "errors">): number => (key.calls === 0 ? 0 : (key.errors / key.calls) * 100);
export const retriesWords = (r: RouteView["retries"]): string =>
  `${r.each === 0 ? "Each target once" : `Each target up to ${r.each + 1} times`}${r.after_unknown ? ", also after an unknown outcome" : ""}`;
