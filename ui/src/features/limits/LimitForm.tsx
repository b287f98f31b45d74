import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, fieldErrors, take, type DefaultLimitView, type LimitScope, type LimitView } from "@/api";
import { SideForm, useForm } from "@/components";
import { useTenantOptions } from "@/features/tenants";
import { ComboBox, Select, TextField, toast } from "@/ui";
import { NumberFields } from "./NumberFields";
import { limitsQuery, NUMBER_FIELDS, readNumbers, SCOPE_NOTES, SCOPE_WORDS, SCOPES, toTexts } from "./queries";

const SHOWN = ["scope", "subject", ...NUMBER_FIELDS];
const SUBJECT: Record<Exclude<LimitScope, "tenant" | "api_key">, [label: string, hint: string, example: string]> = {
  user: ["User", "The name as calls spell it in x-reeve-user or user. It counts in each tenant by itself.", "ada@example.com"],
  model: ["Model", "The name as calls spell it", "gpt-4o-mini"],
  ip: ["Network address", "An IPv6 address stands for its network of 64 bits.", "203.0.113.9"],
};

/** API keys belong to tenants, so the tenant is chosen first. */
function KeyChoice({ value, onChange, error }: { value: string | null; onChange: (id: string) => void; error?: string }) {
  const tenants = useTenantOptions();
  const form = useForm({ tenant: null as string | null });
  const { tenant } = form.values;
  const keys = useQuery({
    queryKey: ["tenants", tenant, "keys", "options"],
    enabled: tenant !== null,
    queryFn: ({ signal }) => take(api.GET("/tenants/{id}/api-keys", { params: { path: { id: tenant ?? "" }, query: { limit: 1_000 } }, signal })),
  });
  const options = (keys.data?.items ?? []).filter((k) => k.state === "active").map((k) => ({ id: k.id, label: k.name, note: k.prefix }));
  return (
    <>
      <ComboBox label="Tenant" value={tenant} onChange={(id) => form.set({ tenant: id })} options={tenants} />
      {tenant && (keys.isSuccess && options.length === 0 ? <p className="dim">This tenant has no live API key.</p> : <Select label="API key" value={value} onChange={onChange} options={options} error={error} />)}
    </>
  );
}

export function LimitForm({ limit, onClose }: { limit?: LimitView; onClose: () => void }) {
  const client = useQueryClient();
  const tenants = useTenantOptions();
  const list = useQuery(limitsQuery);
  const form = useForm({ scope: limit?.scope ?? ("tenant" as LimitScope), subject: limit?.subject ?? "", ...toTexts(limit?.own) });
  const v = form.values;
  const { numbers, wrong } = readNumbers(v, v.scope);
  const save = useMutation({
    mutationFn: () => (limit
      ? take(api.PATCH("/limits/{id}", { params: { path: { id: limit.id } }, body: numbers }))
      : take(api.POST("/limits", { body: { scope: v.scope, subject: v.subject.trim(), ...numbers } }))),
    onSuccess: (saved) => {
      void client.invalidateQueries({ queryKey: ["limits"] });
      toast({ title: limit ? `Changed the limit of ${saved.name}` : `Set a limit for ${saved.name}` });
      onClose();
    },
  });
  const e = fieldErrors(save.error);
  const base = list.data?.defaults.find((d) => d.scope === v.scope)?.limits;
  const nothing = Object.values(numbers).every((n) => n === null);
  const blocked = wrong.length > 0 ? "Correct the marked fields first" : !v.subject.trim() ? "Choose whom it is for first" : nothing ? "Enter at least one number" : null;
  const named = v.scope === "tenant" || v.scope === "api_key" ? null : SUBJECT[v.scope];
  return (
    <SideForm title={limit ? `Limit of ${limit.name}` : "New rate limit"} submit={limit ? "Save" : "Set limit"} onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={SHOWN} blocked={blocked}>
      {!limit && (
        <>
          <Select label="For a" value={v.scope} onChange={(scope) => form.set({ scope, subject: "" })} error={e.scope} hint={SCOPE_NOTES[v.scope]} options={SCOPES.map((id) => ({ id, label: SCOPE_WORDS[id] }))} />
          {v.scope === "tenant" && <ComboBox label="Tenant" value={v.subject || null} onChange={(subject) => form.set({ subject })} options={tenants} error={e.subject} />}
          {v.scope === "api_key" && <KeyChoice value={v.subject || null} onChange={(subject) => form.set({ subject })} error={e.subject} />}
          {named && <TextField label={named[0]} value={v.subject} onChange={(subject) => form.set({ subject })} hint={named[1]} placeholder={named[2]} mono error={e.subject} required />}
        </>
      )}
      <NumberFields scope={v.scope} values={v} set={form.set} base={base} errors={e} />
      {v.scope === "tenant" && <p className="dim">How many requests may be on their way at once is part of the tenant&apos;s quota.</p>}
    </SideForm>
  );
}

export function DefaultForm({ of, onClose }: { of: DefaultLimitView; onClose: () => void }) {
  const client = useQueryClient();
  const form = useForm(toTexts(of.limits));
  const { numbers, wrong } = readNumbers(form.values, of.scope);
  const save = useMutation({
    mutationFn: () => take(api.PUT("/limits/defaults/{scope}", { params: { path: { scope: of.scope } }, body: numbers })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["limits"] });
      toast({ title: `Changed the default: ${SCOPE_WORDS[of.scope]}` });
      onClose();
    },
  });
  return (
    <SideForm title={`Default: ${SCOPE_WORDS[of.scope]}`} submit="Save default" onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={[...NUMBER_FIELDS]} blocked={wrong.length > 0 && "Correct the marked fields first"}>
      <p className="dim">{SCOPE_NOTES[of.scope]}. It holds for everybody without a limit of their own.</p>
      <NumberFields scope={of.scope} values={form.values} set={form.set} base={undefined} errors={fieldErrors(save.error)} />
    </SideForm>
  );
}
