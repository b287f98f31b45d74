import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, fieldErrors, take, type RouteView } from "@/api";
import { SideForm, useForm } from "@/components";
import { callKeysQuery } from "@/features/keys";
import { useTenantOptions } from "@/features/tenants";
import { ComboBox, Radios, TextField, toast } from "@/ui";
import { blockedBy, bodyOf, draftOf, wrongIn } from "./draft";
import { TargetFields } from "./TargetFields";

const SHOWN = ["model", "tenant_id", "targets", "retries.each", "retries.backoff_ms", "retries.max_backoff_ms", "patience.connect_ms", "patience.first_byte_ms", "patience.total_ms"];

export function RouteForm({ route, onClose }: { route?: RouteView; onClose: () => void }) {
  const client = useQueryClient();
  const tenants = useTenantOptions();
  const keys = useQuery(callKeysQuery);
  const form = useForm(draftOf(route));
  const v = form.values;
  const save = useMutation({
    mutationFn: () => {
      const { tenant_id, model, ...rest } = bodyOf(v);
      return route ? take(api.PATCH("/routes/{id}", { params: { path: { id: route.id } }, body: rest })) : take(api.POST("/routes", { body: { tenant_id, model, ...rest } }));
    },
    onSuccess: (saved) => {
      void client.invalidateQueries({ queryKey: ["routes"] });
      toast({ title: route ? `Changed the route of ${saved.model}` : `Calls for ${saved.model} take the new route` });
      onClose();
    },
  });
  const told = fieldErrors(save.error);
  const wrong = wrongIn(v);
  const e = { ...told, ...wrong };
  const shown = [...SHOWN, ...Object.keys(told).filter((f) => f.startsWith("targets["))];
  return (
    <SideForm title={route ? `Route of ${route.model}` : "New route"} submit={route ? "Save" : "Create route"} onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={shown} blocked={blockedBy(v)}>
      {!route && (
        <>
          <Radios label="For calls of" columns value={v.scope} onChange={(scope) => form.set({ scope })} options={[{ id: "workspace", label: "All tenants" }, { id: "tenant", label: "One tenant", note: "Goes before a route for all" }]} />
          {v.scope === "tenant" && <ComboBox label="Tenant" value={v.tenant_id} onChange={(tenant_id) => form.set({ tenant_id })} options={tenants} error={e.tenant_id} />}
          <TextField label="Model or alias" mono {...form.bind("model")} error={e.model} placeholder="fast" hint="What programs ask for: the name of a model, or a name of your own for one. The call is priced as the model that serves it." required />
        </>
      )}
      <TargetFields targets={v.targets} keys={keys.data?.items ?? []} onChange={(targets) => form.set({ targets })} errors={e} />
      <TextField label="Repetitions of each target" {...form.bind("each")} error={e.each ?? e["retries.each"]} inputMode="numeric" hint="When the provider is too busy, fails, cannot be reached or does not answer in time. After that the next target is asked." />
      <div className="two">
        <TextField label="First wait, seconds" {...form.bind("backoff")} error={e.backoff ?? e["retries.backoff_ms"]} inputMode="decimal" hint="Doubles with each repetition" />
        <TextField label="Longest wait, seconds" {...form.bind("max_backoff")} error={e.max_backoff ?? e["retries.max_backoff_ms"]} inputMode="decimal" />
      </div>
      <Radios label="When nobody knows whether a call ran" value={v.after_unknown} onChange={(after_unknown) => form.set({ after_unknown })} options={[{ id: "no", label: "Do not ask again", note: "The worst case is charged, once" }, { id: "yes", label: "Ask again", note: "It may be paid for twice; both are charged and flagged" }]} />
      <div className="two">
        <TextField label="Connect within, seconds" {...form.bind("connect")} error={e.connect ?? e["patience.connect_ms"]} inputMode="decimal" placeholder="10" />
        <TextField label="First byte within, seconds" {...form.bind("first_byte")} error={e.first_byte ?? e["patience.first_byte_ms"]} inputMode="decimal" placeholder="600" />
      </div>
      <TextField label="All attempts within, seconds" {...form.bind("total")} error={e.total ?? e["patience.total_ms"]} inputMode="decimal" placeholder="3600" hint="Left empty, Reeve waits as it does elsewhere." />
    </SideForm>
  );
}
