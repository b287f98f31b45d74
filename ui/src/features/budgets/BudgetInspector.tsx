import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { api, take } from "@/api";
import { Confirm, Inspector, Money, Properties, Section, useMay } from "@/components";
import { exactUsd, formatUsd, percentOf } from "@/lib/money";
import { formatPercent } from "@/lib/number";
import { dayAndTime } from "@/lib/time";
import { Button, Chip, Meter, toast } from "@/ui";
import { BudgetForm } from "./BudgetForm";
import { Holds } from "./Holds";
import { OverrideForm, Overrides } from "./Overrides";
import { meterOf, overrideWord, PERIOD_NOW, STATE_TONE, STATE_WORDS, type BudgetRow } from "./queries";
import { Refused } from "./Refused";

export function BudgetInspector({ budget, onClose }: { budget: BudgetRow; onClose: () => void }) {
  const client = useQueryClient();
  const may = useMay("budget:write");
  const [open, setOpen] = useState<"edit" | "delete" | "override" | null>(null);
  const drop = useMutation({
    mutationFn: () => take(api.DELETE("/budgets/{id}", { params: { path: { id: budget.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["budgets"] });
      toast({ title: `Deleted the budget of ${budget.name}` });
      onClose();
    },
  });
  const s = budget.status;
  const period = budget.period === "day" ? "Daily" : "Monthly";
  const over = percentOf(s.projected_usd, s.limit_usd) > 100;
  const meter = meterOf(budget);
  return (
    <Inspector label={`Budget of ${budget.name}`} title={budget.name} subtitle={`${budget.scope === "workspace" || budget.scope === "tenant" ? "" : `${budget.level[0]?.toUpperCase()}${budget.level.slice(1)}${budget.tenant_name && budget.depth === 2 ? ` of ${budget.tenant_name}` : ""}. `}${period}, ${budget.kind}, resets ${dayAndTime(s.period_end, s.time_zone)} ${s.time_zone}`} onClose={onClose}>
      <div className="big"><span title={exactUsd(s.remaining_usd)}>{formatUsd(s.remaining_usd)}</span> <small>left of {formatUsd(s.limit_usd)} {PERIOD_NOW[budget.period]}</small></div>
      <div style={{ padding: "0 14px 10px" }}><Meter {...meter} label={`${formatPercent(s.percentage_used)} of the limit used`} /></div>
      <div className="legend" style={{ padding: "0 14px 12px" }}>
        <span><i className={meter.tone === "bad" ? "b" : meter.tone === "warn" ? "w" : ""} />spent {formatPercent(percentOf(s.spent_usd, s.limit_usd))}</span>
        <span><i className="res" />reserved {formatPercent(percentOf(s.reserved_usd, s.limit_usd))}</span>
        {s.projected_usd !== null && <span><i className="proj" />projected {formatPercent(percentOf(s.projected_usd, s.limit_usd))}</span>}
      </div>
      <Section title={budget.period === "day" ? "Today" : "This month"}>
        <Properties items={[
          ["State", <Chip key="s" tone={STATE_TONE[s.state]}>{STATE_WORDS[s.state]}</Chip>],
          ...(s.override ? [["Limit", <span key="l"><b className="strong"><Money usd={s.limit_usd} /></b> <span className="faint">{overrideWord(budget)?.toLowerCase()} until {dayAndTime(s.override.ends_at, s.time_zone)}, else {formatUsd(budget.limit_usd)}</span></span>] as [string, ReactNode]] : []),
          ["Spent", <Money key="m" usd={s.spent_usd} />],
          ["Reserved", <span key="r"><Money usd={s.reserved_usd} /> <span className="faint">for calls under way</span></span>],
          ["At this pace", s.projected_usd === null ? <span className="faint">too early to say</span> : <span key="p"><b className="strong"><Money usd={s.projected_usd} /></b> <span className="faint">by the end of the {budget.period}{over ? ", over the limit" : ""}</span></span>],
        ]} />
      </Section>
      <Refused budget={budget} />
      <Overrides budget={budget} />
      <Section title="Thresholds">
        {budget.thresholds.length === 0 ? <span className="dim">None</span> : (
          <Properties items={budget.thresholds.map((t) => [`${t}%`, s.percentage_used >= t ? <span key={t}><Chip tone={t >= 100 ? "bad" : "warn"}>passed</Chip>{t >= 100 && budget.kind === "hard" ? " further calls are refused" : ""}</span> : <span key={t} className="dim">at {formatUsd(thresholdAt(s.limit_usd, t))}</span>])} />
        )}
      </Section>
      <Holds budget={budget} />
      <Section title="Act">
        <div className="row">
          <Button kind="primary" onPress={() => setOpen("override")} disabledReason={may}>Raise for a while…</Button>
          <Button onPress={() => setOpen("edit")} disabledReason={may}>Edit limit</Button>
          <Button kind="ghost" onPress={() => setOpen("delete")} disabledReason={may}>Delete</Button>
        </div>
      </Section>
      {open === "override" && <OverrideForm budget={budget} onClose={() => setOpen(null)} />}
      {open === "edit" && <BudgetForm budget={budget} onClose={() => setOpen(null)} />}
      {open === "delete" && (
        <Confirm title={`Delete the budget of ${budget.name}?`} act="Delete" type={{ text: budget.name, of: "name" }} pending={drop.isPending} error={drop.error} onConfirm={() => drop.mutate()} onClose={() => setOpen(null)}>
          Its {budget.period === "day" ? "daily" : "monthly"} limit of {formatUsd(budget.limit_usd)} no longer holds. What was spent stays recorded.
        </Confirm>
      )}
    </Inspector>
  );
}
function thresholdAt(limit: string, percent: number): string {
  const nano = BigInt(limit.replace(".", "").padEnd(1, "0"));
  const places = limit.split(".")[1]?.length ?? 0;
  const scaled = (nano * BigInt(percent)).toString().padStart(places + 3, "0");
  const cut = scaled.length - places - 2;
  return `${scaled.slice(0, cut)}.${scaled.slice(cut)}`;
}
