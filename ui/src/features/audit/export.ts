/** What an export asks for, and what it proves: pure, so that both are tested. */
import type { AuditExportQuery } from "@/api";
import { ofWallClock } from "@/lib/time";
import { toQuery, type AuditView } from "./queries";

export type Format = AuditExportQuery["format"];
export type Which = "all" | "period" | "list";
export interface ExportValues {
  format: Format;
  stream: "audit" | "usage";
  which: Which;
  /** Calendar days of the workspace, both included. */
  from: string;
  to: string;
  private: string[];
}
const EXTENSIONS: Record<Format, string> = { bundle: "zip", tiles: "zip", csv: "csv", jsonl: "jsonl" };

/** The list as it is filtered can be exported, unless it is a search: texts are looked for in sentences that the ledger does not hold. */
export function listBlocked(view: AuditView): string | null {
  if (view.q) return "A text search cannot be exported; use the other filters.";
  const has = (field: string) => view.tokens.some((t) => t.field === field);
  return has("resource") && !has("resource_id") ? "A kind of thing alone cannot be exported; add an id, or use the other filters." : null;
}

export const dayAfter = (day: string): string => {
  const date = new Date(`${day}T00:00:00Z`);
  return Number.isNaN(date.getTime()) ? "" : new Date(date.getTime() + 86_400_000).toISOString().slice(0, 10);
};

export function exportQuery(v: ExportValues, view: AuditView, zone: string, now: number): AuditExportQuery {
  const query: AuditExportQuery = v.which === "list" ? { ...toQuery({ ...view, stream: undefined }, now), format: v.format } : { format: v.format };
  if (v.stream === "usage") query.stream = "usage";
  if (v.which === "period") {
    const from = v.from && ofWallClock(`${v.from}T00:00`, zone);
    const to = v.to && ofWallClock(`${dayAfter(v.to)}T00:00`, zone);
    if (from) query.from = from;
    if (to) query.to = to;
  }
  if (v.format === "bundle" && v.private.includes("opened")) query.private = true;
  return query;
}

export function fileName(v: ExportValues, today: string): string {
  const part = v.which === "period" ? [v.from, v.to].filter(Boolean).join("-to-") : today;
  return `reeve-${v.stream}-${part || today}${v.which === "list" ? "-selection" : ""}${v.format === "tiles" ? "-tiles" : ""}.${EXTENSIONS[v.format]}`;
}

/** What it shows to somebody who does not trust us, and what it cannot show. */
export function proves(v: ExportValues, filtered: boolean): { does: string; not: string } {
  if (v.format === "tiles") {
    return {
      does: "That every entry up to now is in it, in order, byte for byte as this workspace signed it; by the word of a program that is not ours.",
      not: "That what the entries say is true, or that the whole history was not written anew. Personal details stay sealed.",
    };
  }
  if (v.format !== "bundle") {
    return {
      does: "Nothing by itself. Each line names its log, its number and its hash, so that it can be looked up there.",
      not: "That a line was not changed or left out on its way. For that, export a file to verify.",
    };
  }
  if (v.which === "list" && filtered) {
    return {
      does: "That each entry in it stands in the signed ledger, at its number, byte for byte.",
      not: "That none is missing: the file says so itself. Export a period instead if that matters.",
    };
  }
  return {
    does: `That ${v.which === "all" ? "every entry up to now" : "every entry of the period"} is in it, in order, byte for byte as this workspace signed it.`,
    not: "That what the entries say is true, or that the whole history was not written anew. For that, somebody outside keeps an earlier checkpoint.",
  };
}
