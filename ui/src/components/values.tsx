import { absolute, relative, shortDay } from "@/lib/time";
import { exactUsd, formatUsd, type UsdFormat } from "@/lib/money";
import { shortHash } from "@/lib/number";
import { Chip, CopyButton, type Tone } from "@/ui";
import type { AuditOutcome, TenantStatus, Tier } from "@/api";
import { useNow, useZone } from "./workspace";

export function TimeAgo({ at, never = "never" }: { at: string | null | undefined; never?: string }) {
  const zone = useZone();
  const now = useNow();
  if (!at) return <span className="faint">{never}</span>;
  return (
    <time dateTime={at} title={absolute(at, zone)}>
      {relative(at, now, zone)}
    </time>
  );
}
export function Day({ at }: { at: string }) {
  const zone = useZone();
  return <time dateTime={at} title={absolute(at, zone)}>{shortDay(at, zone)}</time>;
}
export function Money({ usd, none = "–", ...format }: UsdFormat & { usd: string | null | undefined; none?: string }) {
  if (usd == null) return <span className="faint">{none}</span>;
  return <span title={exactUsd(usd)}>{formatUsd(usd, format)}</span>;
}
export function Id({ value, what, full }: { value: string; what: string; full?: boolean }) {
  return (
    <span className="row" style={{ gap: 2 }}>
      <span className="mono clip" title={value}>{full ? value : shortHash(value, 8, 4)}</span>
      <CopyButton value={value} what={what} />
    </span>
  );
}

export const TIER_WORDS: Record<Tier, string> = { free: "Free", starter: "Starter", professional: "Professional", enterprise: "Enterprise" };
export const TIERS: readonly Tier[] = ["free", "starter", "professional", "enterprise"];
export const STATUS_WORDS: Record<TenantStatus, string> = { active: "Active", suspended: "Suspended", archived: "Archived" };
export const STATUSES: readonly TenantStatus[] = ["active", "suspended", "archived"];

const OUTCOME: Record<AuditOutcome, [Tone, string]> = {
  success: ["ok", "ok"], failure: ["warn", "failed"], denied: ["bad", "refused"], pending: ["info", "pending"],
};
export function Outcome({ value }: { value: AuditOutcome }) {
  const [tone, word] = OUTCOME[value];
  return <Chip tone={tone}>{word}</Chip>;
}
const STATUS_TONE: Record<TenantStatus, Tone> = { active: "ok", suspended: "warn", archived: "none" };
export function TenantState({ value }: { value: TenantStatus }) {
  return <Chip tone={STATUS_TONE[value]}>{STATUS_WORDS[value]}</Chip>;
}
