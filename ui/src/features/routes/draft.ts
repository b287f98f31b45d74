/** A route as a form holds it: texts, converted once on submit. */
import type { CreateRouteBody, RouteView } from "@/api";

export interface TargetDraft {
  /** For React only: rows move. */
  key: number;
  provider: string | null;
  model: string;
  credential_id: string;
  weight: string;
}
export interface RouteDraft {
  scope: "workspace" | "tenant";
  tenant_id: string | null;
  model: string;
  targets: TargetDraft[];
  each: string;
  backoff: string;
  max_backoff: string;
  after_unknown: "no" | "yes";
  connect: string;
  first_byte: string;
  total: string;
}
/** No key in particular. */
export const ANY = "any";

let made = 0;
export const newTarget = (weight: string): TargetDraft => ({ key: (made += 1), provider: null, model: "", credential_id: ANY, weight });
const seconds = (ms: number | null | undefined): string => (ms == null ? "" : String(ms / 1000));

export function draftOf(route?: RouteView): RouteDraft {
  return {
    scope: route?.tenant_id ? "tenant" : "workspace",
    tenant_id: route?.tenant_id ?? null,
    model: route?.model ?? "",
    targets: route
      ? route.targets.map((t) => ({ ...newTarget(String(t.weight)), provider: t.provider, model: t.model, credential_id: t.credential_id ?? ANY }))
      : [newTarget("100")],
    each: String(route?.retries.each ?? 1),
    backoff: seconds(route?.retries.backoff_ms ?? 250),
    max_backoff: seconds(route?.retries.max_backoff_ms ?? 5000),
    after_unknown: route?.retries.after_unknown ? "yes" : "no",
    connect: seconds(route?.patience.connect_ms),
    first_byte: seconds(route?.patience.first_byte_ms),
    total: seconds(route?.patience.total_ms),
  };
}

export const whole = (text: string, most: number): number | null => (/^\d+$/.test(text.trim()) && Number(text) <= most ? Number(text) : null);
/** Seconds as people write them, in milliseconds; undefined where nothing is written, null where it is no time. */
export function readSeconds(text: string): number | undefined | null {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  const value = Number(trimmed);
  return /^\d*\.?\d+$|^\d+\.?$/.test(trimmed) && value <= 3_600 ? Math.round(value * 1000) : null;
}

/** What is wrong with a draft, by field; nothing where it can be sent. */
export function wrongIn(draft: RouteDraft): Record<string, string> {
  const wrong: Record<string, string> = {};
  const TIME = "Seconds, such as 2 or 0.5.";
  if (whole(draft.each, 5) === null) wrong.each = "A whole number up to 5.";
  for (const field of ["backoff", "max_backoff"] as const) if (readSeconds(draft[field]) == null) wrong[field] = TIME;
  for (const field of ["connect", "first_byte", "total"] as const) if (readSeconds(draft[field]) === null) wrong[field] = TIME;
  draft.targets.forEach((t, i) => {
    if (whole(t.weight, 1000) === null) wrong[`targets[${i}].weight`] = "A whole number up to 1,000.";
  });
  return wrong;
}
export function blockedBy(draft: RouteDraft): string | null {
  if (draft.scope === "tenant" && !draft.tenant_id) return "Choose a tenant first";
  if (!draft.model.trim()) return "Enter the model or alias first";
  if (draft.targets.some((t) => !t.provider || !t.model.trim())) return "Choose a provider and a model for each target first";
  return Object.keys(wrongIn(draft)).length > 0 ? "Correct the marked fields first" : null;
}

export function bodyOf(draft: RouteDraft): CreateRouteBody {
  const optional = (text: string): number | null => readSeconds(text) ?? null;
  return {
    tenant_id: draft.scope === "tenant" ? draft.tenant_id : null,
    model: draft.model.trim(),
    targets: draft.targets.map((t) => ({ provider: t.provider ?? "", model: t.model.trim(), credential_id: t.credential_id === ANY ? null : t.credential_id, weight: whole(t.weight, 1000) ?? 0 })),
    patience: { connect_ms: optional(draft.connect), first_byte_ms: optional(draft.first_byte), total_ms: optional(draft.total) },
    retries: { each: whole(draft.each, 5) ?? 0, backoff_ms: readSeconds(draft.backoff) ?? 0, max_backoff_ms: readSeconds(draft.max_backoff) ?? 0, after_unknown: draft.after_unknown === "yes" },
  };
}
/** Moves a row up or down. */
export function moved<T>(list: T[], from: number, by: 1 | -1): T[] {
  const to = from + by;
  if (to < 0 || to >= list.length) return list;
  const next = [...list];
  [next[from], next[to]] = [next[to] as T, next[from] as T];
  return next;
}
