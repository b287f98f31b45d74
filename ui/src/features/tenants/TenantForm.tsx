import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, fieldErrors, take, type CreateTenantBody, type TenantView, type Tier } from "@/api";
import { SideForm, TIER_WORDS, TIERS, useForm, useZone } from "@/components";
import { formatCount } from "@/lib/number";
import { allZones } from "@/lib/time";
import { ComboBox, Radios, TextField, toast } from "@/ui";

/** The built-in quotas, shown beside the choice. The server applies them; these are words only. */
const TIER_QUOTA: Record<Tier, [number, number, number]> = {
  free: [1_000, 4_096, 5], starter: [10_000, 8_192, 10], professional: [100_000, 32_768, 50], enterprise: [1_000_000, 131_072, 500],
};
export const tierOptions = TIERS.map((id) => {
  const [day, tokens, at] = TIER_QUOTA[id];
  return { id, label: TIER_WORDS[id], note: `${formatCount(day)} requests a day, ${formatCount(tokens)} tokens a request, ${at} at once` };
});
const zones = () => allZones().map((z) => ({ id: z, label: z }));
const orNull = (text: string): string | null => text.trim() || null;
const SHOWN = ["name", "slug", "tier", "time_zone", "owner", "tags", "notes"];

export function TenantForm({ tenant, onClose, onDone }: { tenant?: TenantView; onClose: () => void; onDone?: (tenant: TenantView) => void }) {
  const client = useQueryClient();
  const zone = useZone();
  const form = useForm({
    name: tenant?.name ?? "", slug: tenant?.slug ?? "", tier: tenant?.tier ?? ("starter" as Tier), time_zone: tenant?.time_zone ?? zone,
    owner: tenant?.owner ?? "", tags: tenant?.tags.join(", ") ?? "", notes: tenant?.notes ?? "",
  });
  const save = useMutation({
    mutationFn: () => {
      const v = form.values;
      const tags = v.tags.split(",").map((t) => t.trim()).filter(Boolean);
      const body: CreateTenantBody = { name: v.name.trim(), slug: orNull(v.slug), tier: v.tier, time_zone: v.time_zone, owner: orNull(v.owner), tags, notes: orNull(v.notes) };
      if (!tenant) return take(api.POST("/tenants", { body }));
      const { slug, ...rest } = body;
      return take(api.PATCH("/tenants/{id}", { params: { path: { id: tenant.id } }, body: slug === null ? rest : { ...rest, slug } }));
    },
    onSuccess: (saved) => {
      void client.invalidateQueries({ queryKey: ["tenants"] });
      void client.invalidateQueries({ queryKey: ["overview"] });
      toast({ title: tenant ? `Saved ${saved.name}` : `Created ${saved.name}` });
      onClose();
      onDone?.(saved);
    },
  });
  const errors = fieldErrors(save.error);
  return (
    <SideForm title={tenant ? `Edit ${tenant.name}` : "New tenant"} submit={tenant ? "Save" : "Create tenant"} onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={SHOWN} blocked={!form.values.name.trim() && "Give it a name first"}>
      <TextField label="Name" {...form.bind("name")} error={errors.name} autoFocus required />
      <TextField label="Short name" {...form.bind("slug")} error={errors.slug} mono hint="Lower-case letters, digits and hyphens. Left empty, it is made from the name." />
      <Radios label="Tier" value={form.values.tier} onChange={(tier) => form.set({ tier })} options={tierOptions} error={errors.tier} />
      <ComboBox label="Time zone" value={form.values.time_zone} onChange={(time_zone) => form.set({ time_zone })} options={zones()} error={errors.time_zone} hint="Its days and months, for quotas and budgets, follow this zone." />
      <div className="two">
        <TextField label="Owner" {...form.bind("owner")} error={errors.owner} hint="A person or team to ask" />
        <TextField label="Tags" {...form.bind("tags")} error={errors.tags} hint="Separated by commas" />
      </div>
      <TextField label="Notes" {...form.bind("notes")} error={errors.notes} multiline />
    </SideForm>
  );
}
