import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, fieldErrors, saveAs, take } from "@/api";
import { Id, SideForm, useForm, useMay, useNow, useZone } from "@/components";
import { dayKey, RANGE_WORDS, resolveRange } from "@/lib/time";
import { Checks, Radios, Skeleton, TextField, toast } from "@/ui";
import { exportQuery, fileName, listBlocked, proves, type ExportValues, type Format, type Which } from "./export";
import { checkpointQuery, type AuditView } from "./queries";

const FORMATS: { id: Format; label: string; note: string }[] = [
  { id: "bundle", label: "A file to verify", note: "For an auditor: the entries, the signed head, and the means to check them without Reeve. A zip file." },
  { id: "tiles", label: "A tile tree", note: "The whole log as C2SP tlog-tiles, for verifiers that are not ours. A zip file." },
  { id: "csv", label: "A spreadsheet", note: "CSV, safe to open: no cell is run as a formula." },
  { id: "jsonl", label: "A feed of events", note: "JSON lines, for a SIEM or another system that collects events." },
];

/** Who gets the file needs the key from somewhere else than the file. */
function Key({ stream }: { stream: "audit" | "usage" }) {
  const head = useQuery(checkpointQuery(stream));
  return (
    <div className="field">
      <span className="react-aria-Label">Key to verify with</span>
      {head.data?.vkey ? <Id value={head.data.vkey} what="verifier key" full /> : head.isError ? <span className="dim">It could not be read.</span> : <Skeleton width="100%" />}
      <span className="hint">Send it by another way than the file, the earlier the better: with it, nobody can pass off another ledger as this one.</span>
    </div>
  );
}

export function ExportForm({ view, onClose }: { view: AuditView; onClose: () => void }) {
  const client = useQueryClient();
  const zone = useZone();
  const today = dayKey(new Date(useNow()).toISOString(), zone);
  const mayPrivate = useMay("audit:private");
  const filtered = view.tokens.length > 0 || !!view.q;
  const custom = view.range && !(view.range in RANGE_WORDS) ? resolveRange(view.range, 0) : {};
  const form = useForm<ExportValues>({
    format: "bundle", stream: view.stream ?? "audit", which: "all", private: [],
    from: custom.from ? dayKey(custom.from, zone) : `${today.slice(0, 8)}01`, to: custom.to ? dayKey(custom.to, zone) : today,
  });
  // A tile tree is the whole log or none.
  const v: ExportValues = form.values.format === "tiles" ? { ...form.values, which: "all" } : form.values;
  const said = proves(v, filtered);
  const run = useMutation({
    mutationFn: async () => {
      const name = fileName(v, today);
      const send = await saveAs(name);
      if (!send) return null;
      await take(api.GET("/audit/export", { params: { query: exportQuery(v, view, zone, Date.now()) }, parseAs: "text", fetch: send }));
      return name;
    },
    onSuccess: (name) => {
      if (name === null) return;
      void client.invalidateQueries({ queryKey: ["audit"] });
      toast({ title: `Exported ${name}`, detail: v.format === "bundle" ? "Check it with reeve-verify, or with the verify.py inside" : v.format === "tiles" ? "Unpack it, and check it with any program that reads C2SP tiles" : "The export is an entry of the audit trail itself" });
      onClose();
    },
  });
  const e = fieldErrors(run.error);
  const backwards = v.which === "period" && !!v.from && !!v.to && v.from > v.to;
  const blocked = v.which === "period" && !v.from && !v.to ? "Choose a first or a last day" : backwards ? "Correct the marked fields first" : v.which === "list" ? listBlocked(view) : null;
  const which: { id: Which; label: string; note: string }[] = [
    { id: "all", label: "All, up to now", note: "from the first entry" },
    { id: "period", label: "A period", note: "whole days" },
  ];
  if (filtered || view.range) which.push({ id: "list", label: "What the list shows", note: filtered ? "with these filters" : "this time range" });
  return (
    <SideForm title="Export the ledger" submit="Export" onSubmit={() => run.mutate()} onClose={onClose} pending={run.isPending} error={run.error} shown={["from", "to"]} blocked={blocked}>
      <Radios label="As" value={v.format} onChange={(format) => form.set({ format })} options={FORMATS} />
      <Radios label="Stream" columns value={v.stream} onChange={(stream) => form.set({ stream })} options={[
        { id: "audit", label: "Audit", note: "changes, sign-ins, refusals" }, { id: "usage", label: "Usage", note: "charges, one a call" },
      ]} />
      {v.format !== "tiles" && <Radios label="Entries" columns value={v.which} onChange={(w) => form.set({ which: w })} options={which} error={v.which === "list" ? listBlocked(view) ?? undefined : undefined} />}
      {v.format !== "tiles" && v.which === "period" && (
        <div className="two">
          <TextField label="First day" type="date" {...form.bind("from")} error={e.from} hint={zone} />
          <TextField label="Last day" type="date" {...form.bind("to")} error={backwards ? "Not before the first day." : e.to} hint="included" />
        </div>
      )}
      {v.format === "bundle" && v.stream === "audit" && (
        mayPrivate ? <p className="dim">Network addresses and programs stay sealed. {mayPrivate}</p> : (
          <Checks label="Personal details" value={v.private} onChange={(p) => form.set({ private: p })} options={[
            { id: "opened", label: "With network addresses and programs", note: "Otherwise they stay sealed, and the file holds only commitments to them. What was erased is in no export." },
          ]} />
        )
      )}
      <dl className="kv">
        <dt>Proves</dt><dd>{said.does}</dd>
        <dt>Does not</dt><dd>{said.not}</dd>
      </dl>
      {(v.format === "bundle" || v.format === "tiles") && <Key stream={v.stream} />}
    </SideForm>
  );
}
