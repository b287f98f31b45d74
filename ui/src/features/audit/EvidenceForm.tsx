import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, fieldErrors, saveAs, take } from "@/api";
import { SideForm, useForm, useNow, useZone } from "@/components";
import { dayKey, ofWallClock } from "@/lib/time";
import { Radios, TextField, toast } from "@/ui";
import { dayAfter } from "./export";

const FRAMEWORKS: { id: "soc2" | "hipaa"; label: string; note: string }[] = [
  { id: "soc2", label: "SOC 2", note: "CC6.1 to 6.3 access, CC7.2 and 7.3 monitoring, CC8.1 changes" },
  { id: "hipaa", label: "HIPAA", note: "164.312(b) audit controls, (c)(1) integrity, 164.308 review, 164.316 retention" },
];

export function EvidenceForm({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const zone = useZone();
  const today = dayKey(new Date(useNow()).toISOString(), zone);
  const form = useForm({ framework: "soc2" as "soc2" | "hipaa", from: `${today.slice(0, 8)}01`, to: today });
  const v = form.values;
  const run = useMutation({
    mutationFn: async () => {
      const [from, to] = [ofWallClock(`${v.from}T00:00`, zone), ofWallClock(`${dayAfter(v.to)}T00:00`, zone)];
      const name = `reeve-evidence-${v.framework}-${v.from}-${v.to}.zip`;
      const send = await saveAs(name);
      if (!send || !from || !to) return null;
      await take(api.GET("/audit/evidence", { params: { query: { framework: v.framework, from, to } }, parseAs: "text", fetch: send }));
      return name;
    },
    onSuccess: (name) => {
      if (name === null) return;
      void client.invalidateQueries({ queryKey: ["audit"] });
      toast({ title: `Made ${name}`, detail: "It is an entry of the audit trail itself" });
      onClose();
    },
  });
  const e = fieldErrors(run.error);
  const backwards = !!v.from && !!v.to && v.from > v.to;
  return (
    <SideForm title="Make an evidence pack" submit="Make pack" onSubmit={() => run.mutate()} onClose={onClose} pending={run.isPending} error={run.error} shown={["from", "to"]} blocked={!v.from || !v.to ? "Choose both days" : backwards ? "Correct the marked fields first" : null}>
      <Radios label="In the words of" value={v.framework} onChange={(framework) => form.set({ framework })} options={FRAMEWORKS} />
      <div className="two">
        <TextField label="First day" type="date" {...form.bind("from")} error={e.from} hint={zone} />
        <TextField label="Last day" type="date" {...form.bind("to")} error={backwards ? "Not before the first day." : e.to} hint="included" />
      </div>
      <p className="dim">A zip with a report to read and print (changes of access and settings, sign-ins and denials, retention, verifications, who read the trail, gaps) and every entry of the period, to verify it by. The report shows people by name.</p>
      <p className="dim">It shows what happened. Whether that meets a standard, your auditor says.</p>
    </SideForm>
  );
}
