import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, fieldErrors, take, type CredentialView } from "@/api";
import { SideForm, useForm } from "@/components";
import { Select, TextField, toast } from "@/ui";
import { controlOf, isFilledIn, KINDS, type Control } from "./kinds";
import { controlCredentialsQuery } from "./queries";

const HAND = "hand";
const whole = (text: string, most: number): number | null => (/^\d+$/.test(text.trim()) && Number(text) <= most ? Number(text) : null);

export function RotationSettings({ credential: c, provider, onClose }: { credential: CredentialView; provider: string; onClose: () => void }) {
  const client = useQueryClient();
  const admins = useQuery(controlCredentialsQuery);
  const before = c.policy.control as Control | null;
  const kinds = KINDS.filter((k) => k.provider === c.provider || k.id === before?.kind);
  const form = useForm({
    period: String(c.policy.period_days), grace: String(c.policy.grace_days), soak: String(c.policy.soak_hours), kind: before?.kind ?? HAND, admin: c.policy.control_credential_id ?? null,
    fields: Object.fromEntries(Object.entries(before ?? {}).map(([k, value]) => [k, typeof value === "string" ? value : ""])) as Record<string, string>,
  });
  const v = form.values;
  const [period, grace, soak] = [whole(v.period, 3650), whole(v.grace, 90), whole(v.soak, 720)];
  const kind = KINDS.find((k) => k.id === v.kind);
  const control = (): Control | null => (kind ? { ...(before?.kind === kind.id ? before : {}), ...controlOf(kind, v.fields) } : null);
  const touched = () => JSON.stringify(control()) !== JSON.stringify(before) || (kind ? v.admin : null) !== (c.policy.control_credential_id ?? null);
  const save = useMutation({
    mutationFn: () => take(api.PATCH("/credentials/{id}/rotation", { params: { path: { id: c.id } }, body: { period_days: period ?? 0, grace_days: grace ?? 0, soak_hours: soak ?? 0, ...(touched() ? { control: control(), control_credential_id: kind ? v.admin : null } : {}) } as never })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["credentials"] });
      void client.invalidateQueries({ queryKey: ["control-credentials"] });
      toast({ title: `Changed how ${provider} / ${c.name} is rotated` });
      onClose();
    },
  });
  const e = fieldErrors(save.error);
  const numbers = period === null || grace === null || soak === null;
  const blocked = numbers ? "Correct the marked fields first" : kind && !v.admin ? "Choose an admin key first" : kind && !isFilledIn(kind, v.fields) ? "Fill in the settings of the provider first" : null;
  const fits = (admins.data?.items ?? []).filter((a) => a.provider === c.provider || a.id === v.admin);
  return (
    <SideForm title={`Rotation of ${provider} / ${c.name}`} submit="Save" onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={["period_days", "grace_days", "soak_hours", "control", "control_credential_id"]} blocked={blocked}>
      <div className="two">
        <TextField label="Replace after, in days" {...form.bind("period")} inputMode="numeric" error={period === null ? "A whole number from 0 to 3,650." : e.period_days} hint="0 leaves it to you." />
        <TextField label="Grace, in days" {...form.bind("grace")} inputMode="numeric" error={grace === null ? "A whole number from 0 to 90." : e.grace_days} hint="The old key stays for calls that the new one is refused for." />
      </div>
      <TextField label="Off before it is deleted, in hours" {...form.bind("soak")} inputMode="numeric" error={soak === null ? "A whole number from 0 to 720." : e.soak_hours} hint="A pause in which a retired key could still come back." />
      {c.renews_id !== null ? <p className="dim">This is an admin key: its new keys are made with the key in use.</p> : <><Select label="New keys are made" value={v.kind} onChange={(id) => form.set({ kind: id })} options={[{ id: HAND, label: "By hand: you make the key, Reeve does the rest" }, ...kinds.map((k) => ({ id: k.id, label: `Through ${k.label}` }))]} error={e.control} hint={kinds.length === 0 ? "Reeve knows no admin API of this provider." : undefined} />
      {kind?.fields.map((f) => <TextField key={f.name} label={f.label} value={v.fields[f.name] ?? ""} onChange={(text) => form.set({ fields: { ...v.fields, [f.name]: text } })} hint={f.hint} mono required />)}
      {kind && <Select label="Admin key" value={v.admin} onChange={(admin) => form.set({ admin })} options={fits.map((a) => ({ id: a.id, label: a.name, note: `…${a.last4}` }))} error={e.control_credential_id ?? (admins.isError ? "The admin keys could not be loaded." : undefined)} hint={fits.length === 0 ? "There is none for this provider yet: add one under Admin keys." : "Used to make and delete keys, never for calls."} />}</>}
    </SideForm>
  );
}
