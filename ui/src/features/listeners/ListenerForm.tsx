import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, fieldErrors, take, type AuditSeverity, type CreatedListener, type ListenerView } from "@/api";
import { SideForm, useForm } from "@/components";
import { Checks, Select, TextField, toast } from "@/ui";
import { readTypes, SEVERITIES, SEVERITY_WORDS } from "./queries";

export function ListenerForm({ listener, onClose, onMade }: { listener?: ListenerView; onClose: () => void; onMade?: (made: CreatedListener) => void }) {
  const client = useQueryClient();
  const form = useForm({
    name: listener?.name ?? "", url: listener?.url ?? "", types: listener?.event_types.join("\n") ?? "",
    severity: listener?.min_severity ?? ("info" as AuditSeverity), allow: listener?.allow_private ? ["private"] : ([] as string[]),
  });
  const v = form.values;
  const save = useMutation({
    mutationFn: async () => {
      const body = { name: v.name.trim(), url: v.url.trim(), event_types: readTypes(v.types), min_severity: v.severity, allow_private: v.allow.includes("private") };
      if (listener) await take(api.PATCH("/audit/listeners/{id}", { params: { path: { id: listener.id } }, body }));
      else return take(api.POST("/audit/listeners", { body }));
    },
    onSuccess: (made) => {
      void client.invalidateQueries({ queryKey: ["listeners"] });
      onClose();
      if (made) onMade?.(made);
      else toast({ title: `Saved ${v.name.trim()}` });
    },
    gcTime: 0,
  });
  const e = fieldErrors(save.error);
  return (
    <SideForm
      title={listener ? `Edit ${listener.name}` : "New listener"} submit={listener ? "Save" : "Add listener"} onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error}
      shown={["name", "url", "event_types"]} blocked={(!v.name.trim() && "Give it a name first") || (!v.url.trim() && "Say where entries are sent")}
    >
      <TextField label="Name" {...form.bind("name")} error={e.name} hint="Who listens, such as SIEM" autoFocus={!listener} required />
      <TextField label="Address" {...form.bind("url")} error={e.url} mono placeholder="https://example.com/reeve" hint="Entries are sent here by POST, each signed. https, or http on this machine." required />
      <TextField label="Event types" multiline mono {...form.bind("types")} error={e.event_types} placeholder={"auth.\ntenant.\naccess.denied"} hint="How they begin, one a line. Left empty, all are sent." />
      <Select label="How loud" value={v.severity} onChange={(severity) => form.set({ severity })} options={SEVERITIES.map((s) => ({ id: s, label: SEVERITY_WORDS[s] }))} />
      <Checks label="Where it may be" value={v.allow} onChange={(allow) => form.set({ allow })} options={[{ id: "private", label: "In a private network", note: "Else only at public addresses behind TLS, or on this machine" }]} />
    </SideForm>
  );
}
