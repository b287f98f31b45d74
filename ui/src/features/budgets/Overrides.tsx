import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, errorWords, fieldErrors, take, type OverrideView } from "@/api";
import { ErrorState, Money, Section, SideForm, useForm, useMay, useNow } from "@/components";
import { formatUsd, readUsdInput } from "@/lib/money";
import { dayAndTime, ofWallClock, wallClock } from "@/lib/time";
import { Button, Chip, Radios, TextField, toast } from "@/ui";
import { overridesQuery, type BudgetRow } from "./queries";

const DAY = 86_400_000;
type Until = "period" | "day" | "week" | "other";
const STATE = { active: { tone: "info", word: "in force" }, planned: { tone: "none", word: "planned" }, ended: { tone: "none", word: "ended" } } as const;

/** Another limit for a while; it ends by itself. */
export function OverrideForm({ budget, onClose }: { budget: BudgetRow; onClose: () => void }) {
  const client = useQueryClient();
  const now = useNow();
  const { time_zone: zone, period_end } = budget.status;
  const form = useForm({ limit: "", until: "period" as Until, from: "", to: wallClock(period_end, zone), reason: "" });
  const v = form.values;
  const limit = readUsdInput(v.limit);
  const starts = v.from ? ofWallClock(v.from, zone) : null;
  const begin = starts ? Date.parse(starts) : now;
  const ends = v.until === "period" ? period_end : v.until === "other" ? ofWallClock(v.to, zone) : new Date(begin + (v.until === "day" ? DAY : 7 * DAY)).toISOString();
  const save = useMutation({
    mutationFn: () => take(api.POST("/budgets/{id}/overrides", { params: { path: { id: budget.id } }, body: { limit_usd: limit ?? "0", starts_at: starts, ends_at: ends ?? "", reason: v.reason.trim() } })),
    onSuccess: (saved) => {
      void client.invalidateQueries({ queryKey: ["budgets"] });
      void client.invalidateQueries({ queryKey: ["overview"] });
      toast({ title: `${formatUsd(saved.limit_usd)} for ${budget.name}`, detail: `Until ${dayAndTime(saved.ends_at, zone)}, then ${formatUsd(budget.limit_usd)} again` });
      onClose();
    },
  });
  const e = fieldErrors(save.error);
  const late = ends === null || Date.parse(ends) <= begin;
  const blocked = !v.limit ? "Enter a limit first" : limit === null || late ? "Correct the marked fields first" : !v.reason.trim() ? "Say why first" : null;
  return (
    <SideForm title={`Another limit for ${budget.name}`} submit="Set this limit" onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={["limit_usd", "starts_at", "ends_at", "reason"]} blocked={blocked}>
      <p className="dim">Its own limit of {formatUsd(budget.limit_usd)} a {budget.period} holds again by itself when this ends.</p>
      <TextField label={`Limit a ${budget.period} until then, USD`} {...form.bind("limit")} inputMode="decimal" placeholder={budget.limit_usd} error={v.limit && limit === null ? "An amount such as 500 or 1,250.50." : e.limit_usd} autoFocus required />
      <Radios label="Until" columns value={v.until} onChange={(until) => form.set({ until })} error={v.until === "other" ? undefined : e.ends_at} options={[
        { id: "period", label: `End of the ${budget.period}`, note: dayAndTime(period_end, zone) }, { id: "day", label: "24 hours", note: "from its start" },
        { id: "week", label: "7 days", note: "from its start" }, { id: "other", label: "Another time", note: zone },
      ]} />
      {v.until === "other" && <TextField label={`Ends, ${zone}`} type="datetime-local" {...form.bind("to")} error={late ? "After the start and in the future." : e.ends_at} />}
      <TextField label={`Starts, ${zone}`} type="datetime-local" {...form.bind("from")} error={v.until !== "other" && late ? "Before it ends." : e.starts_at} hint="Left empty, now." />
      <TextField label="Reason" {...form.bind("reason")} error={e.reason} hint="Kept in the audit trail." required />
    </SideForm>
  );
}

function Row({ over, budget }: { over: OverrideView; budget: BudgetRow }) {
  const client = useQueryClient();
  const may = useMay("budget:write");
  const zone = budget.status.time_zone;
  const end = useMutation({
    mutationFn: () => take(api.DELETE("/budgets/{id}/overrides/{override_id}", { params: { path: { id: budget.id, override_id: over.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["budgets"] });
      toast({ title: `${formatUsd(budget.limit_usd)} holds for ${budget.name} again` });
    },
    onError: (error) => toast({ title: "Not ended", detail: errorWords(error), bad: true }),
  });
  return (
    <div style={{ display: "contents" }}>
      <dt><Chip tone={STATE[over.state].tone}>{STATE[over.state].word}</Chip></dt>
      <dd className="row">
        <span style={{ whiteSpace: "normal" }}><b className="strong"><Money usd={over.limit_usd} /></b> <span className="faint">{dayAndTime(over.starts_at, zone)} – {dayAndTime(over.ends_at, zone)}: {over.reason}</span></span>
        {over.state !== "ended" && <span className="push"><Button small label={`End now: the limit of ${formatUsd(over.limit_usd)}`} disabledReason={may} pending={end.isPending} onPress={() => end.mutate()}>End now</Button></span>}
      </dd>
    </div>
  );
}

export function Overrides({ budget }: { budget: BudgetRow }) {
  const [all, setAll] = useState(false);
  const list = useQuery(overridesQuery(budget.id));
  const items = list.data?.items ?? [];
  if (list.isError) return <Section title="Temporary limits"><ErrorState of={list} what="Temporary limits" tight /></Section>;
  if (items.length === 0) return null;
  const live = items.filter((o) => o.state !== "ended");
  const shown = all ? items : [...live, ...items.filter((o) => o.state === "ended").slice(0, live.length ? 0 : 2)];
  return (
    <Section title="Temporary limits">
      <dl className="kv">{shown.map((o) => <Row key={o.id} over={o} budget={budget} />)}</dl>
      {shown.length < items.length && <Button small kind="ghost" onPress={() => setAll(true)}>Show {items.length - shown.length} past ones</Button>}
    </Section>
  );
}
