/** What the security board says and where its figures lead: pure, so that both are tested. */
import type { AuditActor, SecurityDayView, SecurityGroupView, SecurityKey, SecurityView } from "@/api";
import { encodeTokens, type Token } from "@/lib/filters";
import { formatCount, plural } from "@/lib/number";
import { plainDay } from "@/lib/time";
import type { AuditSearch } from "./queries";

export const PERIOD_DAYS = [7, 30, 90] as const;
export type PeriodDays = (typeof PERIOD_DAYS)[number];
export interface SecuritySearch {
  days?: Exclude<PeriodDays, 30>;
}

export const GROUP_WORDS: Record<SecurityKey, { title: string; what: string; none: string }> = {
  failed_sign_ins: { title: "Failed sign-ins", what: "wrong passwords or keys", none: "Nobody was turned away" },
  denials: { title: "Refused", what: "permissions, policies, limits and budgets", none: "Nothing was refused" },
  exports: { title: "Exports", what: "ledger, requests, evidence packs", none: "Nothing was exported" },
  secrets: { title: "Secrets", what: "keys, sealed bodies, vault", none: "No secret was touched" },
  new_devices: { title: "New devices", what: "programs, networks", none: "No sign-in from anywhere new" },
  alerts: { title: "Alerts", what: "ledger faults, replays", none: "No alert" },
};
/** Groups whose newest entries are listed. */
export const LISTED: readonly SecurityKey[] = ["failed_sign_ins", "denials", "exports", "alerts"];

/** The trail, filtered to exactly the entries that a figure counts. */
export function leadsTo(group: Pick<SecurityGroupView, "event_type" | "outcome">, span: { from: string; to: string }, actor?: Pick<AuditActor, "id">): AuditSearch {
  const tokens: Token[] = [{ field: "event", value: group.event_type }];
  if (group.outcome === "denied") tokens.push({ field: "outcome", value: "refused" });
  if (actor) tokens.push({ field: "actor", value: actor.id });
  return { filters: encodeTokens(tokens), range: `${span.from}..${span.to}` };
}
export const ofDay = (day: Pick<SecurityDayView, "start" | "end">) => ({ from: day.start, to: day.end });

/** How a total stands to as many days before. */
export function beforeWords(group: Pick<SecurityGroupView, "before">, days: number): string {
  if (group.before == null) return "no whole period before to compare with";
  return `${formatCount(group.before)} in the ${plural(days, "day")} before`;
}

export function chartSummary(group: Pick<SecurityGroupView, "days" | "total">): string {
  const top = group.days.reduce<SecurityDayView | undefined>((best, d) => (!best || d.count > best.count ? d : best), undefined);
  const unusual = group.days.filter((d) => d.unusual).length;
  const most = top && top.count > 0 ? ` Most on ${plainDay(top.day)}: ${formatCount(top.count)}.` : "";
  return `${formatCount(group.total)} in ${plural(group.days.length, "day")}.${most}${unusual > 0 ? ` ${plural(unusual, "day is", "days are")} unusual.` : ""}`;
}

export interface Notable {
  key: SecurityKey;
  text: string;
  to: AuditSearch;
  day?: string;
}
/** What stands out, newest first: unusual days, and who exports for the first time. */
export function notables(view: SecurityView): Notable[] {
  const days = view.groups.flatMap((g) => g.days.filter((d) => d.unusual).map((d): Notable => ({ key: g.key, text: d.unusual ?? "", to: leadsTo(g, ofDay(d)), day: d.day })));
  const firsts = view.groups.flatMap((g) => g.actors.filter((a) => a.first_time).map((a): Notable => ({
    key: g.key, text: `${a.actor.name} exported for the first time: ${plural(a.count, "export")} in these days, none before in what the trail keeps.`, to: leadsTo(g, view, a.actor),
  })));
  return [...days.sort((a, b) => (b.day ?? "").localeCompare(a.day ?? "")), ...firsts];
}
