import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, fieldErrors, take, type CredentialView } from "@/api";
import { SideForm, useForm } from "@/components";
import { TextField, toast } from "@/ui";

const SHOWN = ["name", "models", "weight", "priority"];
const between = (text: string, most: number): number | null => (/^\d+$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= most ? Number(text) : null);

/** What calls a key takes. The key itself is not changed here. */
export function KeyEdit({ credential: c, provider, onClose }: { credential: CredentialView; provider: string; onClose: () => void }) {
  const client = useQueryClient();
  const form = useForm({ name: c.name, models: c.models.join(", "), weight: String(c.weight), priority: String(c.priority) });
  const v = form.values;
  const [weight, priority] = [between(v.weight, 1000), between(v.priority, 100)];
  const save = useMutation({
    mutationFn: () => take(api.PATCH("/credentials/{id}", { params: { path: { id: c.id } }, body: { name: v.name.trim(), models: v.models.split(/[\s,]+/).filter(Boolean), weight: weight ?? 1, priority: priority ?? 1 } })),
    onSuccess: (saved) => {
      void client.invalidateQueries({ queryKey: ["credentials"] });
      void client.invalidateQueries({ queryKey: ["routes"] });
      toast({ title: `Changed ${provider} / ${saved.name}` });
      onClose();
    },
  });
  const e = fieldErrors(save.error);
  const blocked = !v.name.trim() ? "Give it a name first" : weight === null || priority === null ? "Correct the marked fields first" : null;
  return (
    <SideForm title={`Edit ${provider} / ${c.name}`} submit="Save" onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={SHOWN} blocked={blocked}>
      <TextField label="Name" {...form.bind("name")} error={e.name} autoFocus required />
      <TextField label="Models" {...form.bind("models")} mono error={e.models} hint="Which models go to this key, separated by commas. Left empty, all models of the provider do." />
      <div className="two">
        <TextField label="Priority" {...form.bind("priority")} inputMode="numeric" error={priority === null ? "A whole number from 1 to 100." : e.priority} hint="Keys with a lower number go first; the others step in when those fail." />
        <TextField label="Weight" {...form.bind("weight")} inputMode="numeric" error={weight === null ? "A whole number from 1 to 1,000." : e.weight} hint="Its share of the calls among keys of one priority: 75 and 25 share them three to one." />
      </div>
      <p className="dim wrap">Calls go to <span className="mono">{c.base_url}</span>. A key stays with its address: for another one, add the key again and revoke this one.</p>
    </SideForm>
  );
}
