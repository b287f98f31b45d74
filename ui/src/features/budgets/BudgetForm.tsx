import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, fieldErrors, take, type BudgetView } from "@/api";
import { SideForm, useForm, useSetup } from "@/components";
import { formatUsd, readUsdInput } from "@/lib/money";
import { Radios, TextField, toast } from "@/ui";
import { ALL_TENANTS, bodyOf, missing, readThresholds, type BudgetDraft } from "./draft";
import { LevelFields } from "./LevelFields";
import { budgetName } from "./queries";

const SHOWN = ["scope", "tenant_id", "target", "period", "limit_usd", "kind", "thresholds"];

export function BudgetForm({ budget, tenantId, onClose, onDone }: { budget?: BudgetView; tenantId?: string; onClose: () => void; onDone?: (b: BudgetView) => void }) {
  const client = useQueryClient();
  const workspace = useSetup().workspace_name;
  const form = useForm<BudgetDraft>({
    scope: budget?.scope ?? (tenantId ? "tenant" : "workspace"), tenant_id: budget?.tenant_id ?? tenantId ?? ALL_TENANTS, target: budget?.target ?? "",
    period: budget?.period ?? "month", kind: budget?.kind ?? "hard", limit: budget?.limit_usd ?? "", thresholds: (budget?.thresholds ?? [80, 100]).join(", "),
  });
  const v = form.values;
  const limit = readUsdInput(v.limit);
  const thresholds = readThresholds(v.thresholds);
  const save = useMutation({
    mutationFn: () => {
      const body = bodyOf(v);
      return budget
        ? take(api.PATCH("/budgets/{id}", { params: { path: { id: budget.id } }, body: { limit_usd: body.limit_usd, kind: body.kind, thresholds: body.thresholds } }))
        : take(api.POST("/budgets", { body }));
    },
    onSuccess: (saved) => {
      void client.invalidateQueries({ queryKey: ["budgets"] });
      void client.invalidateQueries({ queryKey: ["overview"] });
      const whose = budgetName(saved, workspace);
      toast({ title: budget ? `Changed the budget of ${whose}` : `Created a budget for ${whose}`, detail: `${formatUsd(saved.limit_usd)} a ${saved.period}` });
      onClose();
      onDone?.(saved);
    },
  });
  const e = fieldErrors(save.error);
  return (
    <SideForm title={budget ? `Edit the budget of ${budgetName(budget, workspace)}` : "New budget"} submit={budget ? "Save" : "Create budget"} onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={SHOWN} blocked={missing(v)}>
      {!budget && (
        <>
          <LevelFields draft={v} set={form.set} errors={e} />
          <Radios label="Period" columns value={v.period} onChange={(period) => form.set({ period })} error={e.period} options={[{ id: "day", label: "Day" }, { id: "month", label: "Month" }]} />
        </>
      )}
      <TextField label={`Limit a ${v.period}, USD`} {...form.bind("limit")} inputMode="decimal" placeholder="500.00" error={v.limit && limit === null ? "An amount such as 500 or 1,250.50." : e.limit_usd} autoFocus={!!budget} required />
      <Radios label="When it is reached" value={v.kind} onChange={(kind) => form.set({ kind })} error={e.kind} options={[{ id: "hard", label: "Refuse further calls", note: "Hard: not a cent more is spent" }, { id: "soft", label: "Only say so", note: "Soft: calls go on, you are told" }]} />
      <TextField label="Thresholds, percent of the limit" {...form.bind("thresholds")} hint="Each is recorded once a period and shown under Needs you when it is passed." error={thresholds === null ? "Whole numbers, separated by commas." : e.thresholds} />
    </SideForm>
  );
}
