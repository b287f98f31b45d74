import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, fieldErrors, take } from "@/api";
import { SideForm, useForm } from "@/components";
import { Checks, TextField, toast } from "@/ui";

export function WitnessForm({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const form = useForm({ vkey: "", url: "", allow: [] as string[] });
  const v = form.values;
  const save = useMutation({
    mutationFn: () => take(api.POST("/audit/witnesses", { body: { vkey: v.vkey.trim(), url: v.url.trim() || undefined, allow_private: v.allow.includes("private") } })),
    onSuccess: (made) => {
      void client.invalidateQueries({ queryKey: ["audit"] });
      onClose();
      toast({ title: `Added ${made.name}`, detail: made.url ? "It is asked to sign within a few seconds." : "Carry a checkpoint to it, and bring it back signed." });
    },
  });
  const e = fieldErrors(save.error);
  return (
    <SideForm
      title="New witness" submit="Add witness" onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={["vkey", "url"]}
      blocked={!v.vkey.trim() && "Paste the witness's key first"}
    >
      <p className="dim">Somebody outside whom you and your auditors trust: an auditor, a customer, a public witness. They give you their key; you never give them one.</p>
      <TextField label="Its key" multiline mono {...form.bind("vkey")} error={e.vkey} placeholder="audit.example.com/ledger+1a2b3c4d+BAbc…" hint="As the witness gives it: a name, a plus sign, eight digits, a plus sign, letters." autoFocus required />
      <TextField label="Address" mono {...form.bind("url")} error={e.url} placeholder="https://witness.example.com" hint="Only if it runs a C2SP witness: Reeve then asks it every ten minutes. Left empty, you carry checkpoints by hand." />
      {v.url.trim() && <Checks label="Where it may be" value={v.allow} onChange={(allow) => form.set({ allow })} options={[{ id: "private", label: "In a private network", note: "Else only at public addresses behind TLS, or on this machine" }]} />}
    </SideForm>
  );
}
