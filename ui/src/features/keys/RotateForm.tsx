import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, fieldErrors, take, type CredentialView } from "@/api";
import { SideForm, useForm } from "@/components";
import { Notice, Radios, TextField, toast } from "@/ui";

type Why = "routine" | "compromised";

/** Replace the key now: with a grace, or at once where others know it. */
export function RotateForm({ credential: c, provider, onClose }: { credential: CredentialView; provider: string; onClose: () => void }) {
  const client = useQueryClient();
  const form = useForm<{ why: Why; grace: string; last4: string }>({ why: "routine", grace: String(c.policy.grace_days), last4: "" });
  const v = form.values;
  const days = /^\d+$/.test(v.grace.trim()) && Number(v.grace) <= 90 ? Number(v.grace) : null;
  const leaked = v.why === "compromised";
  const run = useMutation({
    mutationFn: () => take(api.POST("/credentials/{id}/rotate", { params: { path: { id: c.id } }, body: { compromised: leaked, grace_days: leaked ? null : days, last4: leaked ? v.last4.trim() : null } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["credentials"] });
      void client.invalidateQueries({ queryKey: ["rotations"] });
      toast({ title: `Rotating ${provider} / ${c.name}`, detail: c.policy.automatic ? "A new key is being made" : "Make a new key at the provider, then paste it" });
      onClose();
    },
  });
  const e = fieldErrors(run.error);
  const blocked = leaked ? v.last4.trim() !== c.last4 && "Type the last four characters first" : days === null && "Correct the marked field first";
  return (
    <SideForm title={`Rotate ${provider} / ${c.name}`} submit="Rotate now" onSubmit={() => run.mutate()} onClose={onClose} pending={run.isPending} error={run.error} shown={["grace_days", "last4"]} blocked={blocked}>
      <Radios<Why> label="Why" value={v.why} onChange={(why) => form.set({ why })} options={[
        { id: "routine", label: "Routine", note: "Both keys work until the grace is over" },
        { id: "compromised", label: "Others know the key", note: "The old key ends as soon as the new one works" },
      ]} />
      {leaked ? (
        <>
          <Notice tone="bad" box>v{c.version} is switched off and deleted without a grace. Whatever else uses it, outside of Reeve, stops working.</Notice>
          <TextField label={`Type ${c.last4}, the last four characters of v${c.version}`} {...form.bind("last4")} mono error={e.last4} required />
        </>
      ) : (
        <TextField label="Grace, in days" {...form.bind("grace")} inputMode="numeric" error={days === null ? "A whole number from 0 to 90." : e.grace_days} hint={`How long v${c.version} is kept for calls that the new key is refused for.`} />
      )}
      <p className="dim">{c.policy.automatic ? "Reeve has the provider make a new key, tests that it signs in, sees the same models and belongs to the same account, and only then takes it into use." : "Reeve has no admin key for this provider, so you make the new key there and paste it. Reeve tests it before it is used."}</p>
    </SideForm>
  );
}
