import { useMutation } from "@tanstack/react-query";
import { api, fieldErrors, take, type TenantView, type Tier } from "@/api";
import { FormError, useForm } from "@/components";
import { tierOptions } from "@/features/tenants";
import { Button, Form, Radios, TextField } from "@/ui";

export function TenantStep({ onDone, onSample }: { onDone: (tenant: TenantView) => void; onSample: () => void }) {
  const form = useForm({ name: "", tier: "starter" as Tier });
  const save = useMutation({
    mutationFn: () => take(api.POST("/tenants", { body: { name: form.values.name.trim(), tier: form.values.tier, slug: null, time_zone: null, owner: null, tags: null, notes: null } })),
    onSuccess: onDone,
  });
  const sample = useMutation({
    mutationFn: async () => {
      // A server that was started with the sample data has it already.
      const { loaded } = await take(api.GET("/sample"));
      if (!loaded) await take(api.POST("/sample"));
    },
    onSuccess: onSample,
  });
  const e = fieldErrors(save.error);
  const blocked = !form.values.name.trim() && "Name the tenant first";
  return (
    <Form className="form" onSubmit={() => !save.isPending && save.mutate()}>
      <div><h1>Your first tenant</h1><p className="lede" style={{ marginBottom: 0 }}>A team, a product or a customer whose calls are counted and limited apart. You can add more later.</p></div>
      <TextField label="Tenant name" {...form.bind("name")} error={e.name} autoFocus required />
      <Radios label="Tier" value={form.values.tier} onChange={(tier) => form.set({ tier })} options={tierOptions} error={e.tier} hint="Sets its quota; it can be changed or overridden at any time." />
      {!!save.error && Object.keys(e).length === 0 && <FormError error={save.error} />}
      {!!sample.error && <FormError error={sample.error} />}
      <div className="actions">
        <Button type="submit" kind="primary" pending={save.isPending} disabledReason={blocked}>Create tenant</Button>
        <span className="push faint">or just look around</span>
        <Button onPress={() => sample.mutate()} pending={sample.isPending}>{sample.isPending ? "Loading sample data" : "Load sample data"}</Button>
      </div>
    </Form>
  );
}
