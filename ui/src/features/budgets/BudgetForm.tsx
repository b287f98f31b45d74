import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, fieldErrors, take, type BudgetView } from "@/api";
import { SideForm, useForm } from "@/components";
import { useTenantOptions } from "@/features/tenants";
import { formatUsd, readUsdInput } from "@/lib/money";
import { ComboBox, Radios, TextField, toast } from "@/ui";

const SHOWN = ["scope", "tenant_id", "period", "limit_usd", "kind", "thresholds"];
const readThresholds = (text: string): number[] | null => {
  const parts = text.split(",").map((t) => t.replace("%", "").trim()).filter(Boolean);
  const numbers = parts.map(Number);
  return numbers.every((n) => Number.isInteger(n) && n > 0 && n <= 1_000) ? [...new Set(numbers)].sort((a, b) => a - b) : null;
};

export function BudgetForm({ budget, tenantId, onClose, onDone }: { budget?: BudgetView; tenantId?: string; onClose: () => void; onDone?: (b: BudgetView) => void }) {
  const client = useQueryClient();
  const tenants = useTenantOptions();
  const form = useForm({
    scope: budget?.scope ?? (tenantId ? "tenant" : "workspace") as BudgetView["scope"], tenant_id: budget?.tenant_id ?? tenantId ?? null as string | null,
    period: budget?.period ?? ("month" as BudgetView["period"]), kind: budget?.kind ?? ("hard" as BudgetView["kind"]), limit: budget?.limit_usd ?? "", thresholds: (budget?.thresholds ?? [80, 100]).join(", "),
  });
  const v = form.values;
  const limit = readUsdInput(v.limit);
  const thresholds = readThresholds(v.thresholds);
  const save = useMutation({
    mutationFn: () => {
      const common = { limit_usd: limit ?? "0", kind: v.kind, thresholds: thresholds ?? [] };
      return budget
        ? take(api.PATCH("/budgets/{id}", { params: { path: { id: budget.id } }, body: common }))
        : take(api.POST("/budgets", { body: { ...common, scope: v.scope, tenant_id: v.scope === "tenant" ? v.tenant_id : null, period: v.period } }));
    },
    onSuccess: (saved) => {
      void client.invalidateQueries({ queryKey: ["budgets"] });
      void client.invalidateQueries({ queryKey: ["overview"] });
      const whose = saved.tenant_name ?? "the workspace";
      toast({ title: budget ? `Changed the budget of ${whose}` : `Created a budget for ${whose}`, detail: `${formatUsd(saved.limit_usd)} a ${saved.period}` });
      onClose();
      onDone?.(saved);
    },
  });
  const e = fieldErrors(save.error);
  const blocked = !v.limit ? "Enter a limit first" : limit === null || thresholds === null ? "Correct the marked fields first" : v.scope === "tenant" && !v.tenant_id ? "Choose a tenant first" : null;
  return (
    <SideForm title={budget ? `Edit the budget of ${budget.tenant_name ?? "the workspace"}` : "New budget"} submit={budget ? "Save" : "Create budget"} onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={SHOWN} blocked={blocked}>
      {!budget && (
        <>
          <Radios label="For" columns value={v.scope} onChange={(scope) => form.set({ scope })} error={e.scope} options={[{ id: "workspace", label: "Whole workspace", note: "All tenants together" }, { id: "tenant", label: "One tenant", note: "Counts within the workspace too" }]} />
          {v.scope === "tenant" && <ComboBox label="Tenant" value={v.tenant_id} onChange={(tenant_id) => form.set({ tenant_id })} options={tenants} error={e.tenant_id} />}
          <Radios label="Period" columns value={v.period} onChange={(period) => form.set({ period })} error={e.period} options={[{ id: "day", label: "Day" }, { id: "month", label: "Month" }]} />
        </>
      )}
      <TextField label={`Limit a ${v.period}, USD`} {...form.bind("limit")} inputMode="decimal" placeholder="500.00" error={v.limit && limit === null ? "An amount such as 500 or 1,250.50." : e.limit_usd} autoFocus={!!budget} required />
      <Radios label="When it is reached" value={v.kind} onChange={(kind) => form.set({ kind })} error={e.kind} options={[{ id: "hard", label: "Refuse further calls", note: "Hard: not a cent more is spent" }, { id: "soft", label: "Only say so", note: "Soft: calls go on, you are told" }]} />
      <TextField label="Thresholds, percent of the limit" {...form.bind("thresholds")} hint="Each is recorded and shown under Needs you when it is passed." error={thresholds === null ? "Whole numbers, separated by commas." : e.thresholds} />
    </SideForm>
  );
}
