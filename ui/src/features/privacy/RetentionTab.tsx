import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, fieldErrors, take, type RetentionView, type Stream, type StreamRetentionView } from "@/api";
import { Confirm, Day, ErrorState, Properties, SideForm, SkeletonRows, TimeAgo, useForm, useMay } from "@/components";
import { formatCount, plural } from "@/lib/number";
import { Button, Notice, Radios, TextField, toast } from "@/ui";
import { previewQuery, retentionQuery } from "./queries";
import { daysOf, daysWords, PERSONAL_PRESETS, presetOf, PRESETS, type Preset } from "./words";

const STREAM_WORDS: Record<Stream, { title: string; note: string }> = {
  audit: { title: "Audit entries", note: "changes, sign-ins, refusals" },
  usage: { title: "Usage entries", note: "one a call; charges themselves stay for finance" },
};

interface DaysProps {
  label: string;
  presets: Preset[];
  choice: string;
  typed: string;
  onChoice: (id: string) => void;
  onTyped: (text: string) => void;
  floor: number;
  error?: string;
}
function Days({ label, presets, choice, typed, onChoice, onTyped, floor, error }: DaysProps) {
  return (
    <>
      <Radios label={label} value={choice} onChange={onChoice} options={presets} error={choice === "custom" ? undefined : error} />
      {choice === "custom" && <TextField label="Days" value={typed} onChange={onTyped} inputMode="numeric" hint={`${floor} at least`} error={error} required />}
    </>
  );
}

function Change({ of, floors, onClose }: { of: StreamRetentionView; floors: RetentionView; onClose: () => void }) {
  const client = useQueryClient();
  const form = useForm({
    entries: presetOf(PRESETS, of.entries_days), entriesTyped: String(of.entries_days ?? ""),
    personal: presetOf(PERSONAL_PRESETS, of.personal_days), personalTyped: String(of.personal_days ?? ""),
  });
  const v = form.values;
  const entries = daysOf(PRESETS, v.entries, v.entriesTyped);
  const personal = of.stream === "audit" ? daysOf(PERSONAL_PRESETS, v.personal, v.personalTyped) : null;
  const save = useMutation({
    mutationFn: () => take(api.PUT("/retention/{stream}", { params: { path: { stream: of.stream } }, body: { entries_days: entries, personal_days: personal } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["privacy"] });
      toast({ title: `${STREAM_WORDS[of.stream].title} are kept ${daysWords(entries ?? null)}` });
      onClose();
    },
  });
  const e = fieldErrors(save.error);
  const shorter = entries !== undefined && entries !== null && (of.entries_days === null || entries < of.entries_days);
  const blocked = entries === undefined || personal === undefined ? "Enter a number of days" : entries === of.entries_days && personal === of.personal_days ? "Nothing has changed" : null;
  return (
    <SideForm title={`How long to keep ${STREAM_WORDS[of.stream].title.toLowerCase()}`} submit="Save" onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={["entries_days", "personal_days"]} blocked={blocked}>
      <Days label="Entries" presets={PRESETS} choice={v.entries} typed={v.entriesTyped} onChoice={(id) => form.set({ entries: id })} onTyped={(t) => form.set({ entriesTyped: t })} floor={floors.floor_days} error={e.entries_days} />
      {of.stream === "audit" && <Days label="What is personal in them" presets={PERSONAL_PRESETS} choice={v.personal} typed={v.personalTyped} onChoice={(id) => form.set({ personal: id })} onTyped={(t) => form.set({ personalTyped: t })} floor={floors.personal_floor_days} error={e.personal_days} />}
      {shorter && <Notice box>What is older goes with the next nightly run, and cannot be brought back.</Notice>}
      <p className="dim">These times are what laws and auditors commonly ask for. Which of them holds for you, your counsel knows.</p>
    </SideForm>
  );
}

function PruneNow({ of, onClose }: { of: StreamRetentionView; onClose: () => void }) {
  const client = useQueryClient();
  const preview = useQuery({ ...previewQuery(of.stream), staleTime: 0 });
  const p = preview.data;
  const run = useMutation({
    mutationFn: (to: number) => take(api.POST("/retention/{stream}/prune", { params: { path: { stream: of.stream } }, body: { to } })),
    onSuccess: (done) => {
      void client.invalidateQueries({ queryKey: ["privacy"] });
      void client.invalidateQueries({ queryKey: ["audit"] });
      toast({ title: `Pruned ${plural(done.entries, "entry", "entries")}`, detail: done.entry ? `Entry ${done.entry} says so` : undefined });
      onClose();
    },
  });
  const words = STREAM_WORDS[of.stream].title.toLowerCase();
  if (!p || p.entries === 0) {
    return (
      <Confirm title={`Prune ${words}`} kind="primary" act="Close" pending={false} error={preview.error} onConfirm={onClose} onClose={onClose}>
        {!p ? (preview.isError ? "What would go could not be found out." : "Finding out what would go …") : p.held_by ? `Nothing can go now: the legal hold “${p.held_by}” keeps what is oldest.` : "Nothing is old enough to go: entries go in whole bundles of 256."}
      </Confirm>
    );
  }
  return (
    <Confirm title={`Prune ${plural(p.entries, "entry", "entries")}?`} type={{ text: String(p.entries), of: "number" }} act="Prune" pending={run.isPending} error={run.error} onConfirm={() => run.mutate(p.to)} onClose={onClose}>
      <p>{words.charAt(0).toUpperCase() + words.slice(1)} {formatCount(p.from)} to {formatCount(p.to - 1)}{p.before && <> of before <Day at={p.before} /></>} are deleted for good, with {plural(p.sections, "sealed section")} in them. Nobody can bring them back, not from this console either.</p>
      <p>Their hashes stay, so that everything after them can still be verified. An entry that says what went is signed first.</p>
      {p.held_by && <p>The legal hold “{p.held_by}” keeps what follows.</p>}
    </Confirm>
  );
}

function StreamCard({ of, view, may }: { of: StreamRetentionView; view: RetentionView; may: string | null }) {
  const [open, setOpen] = useState<"change" | "prune" | null>(null);
  const words = STREAM_WORDS[of.stream];
  const items: [string, React.ReactNode][] = [["Entries", <>kept <strong>{daysWords(of.entries_days)}</strong></>]];
  if (of.stream === "audit") items.push(["What is personal", <>kept <strong>{daysWords(of.personal_days, "as long as the entries")}</strong></>]);
  items.push(
    ["Kept now", <>{formatCount(of.size - of.first)} of {formatCount(of.size)} ever written{of.oldest_at && <>, the oldest of <Day at={of.oldest_at} /></>}</>],
    ["Last pruned", of.pruned_at ? <><TimeAgo at={of.pruned_at} />, as entry <span className="mono">{of.pruned_entry}</span> says</> : <span className="faint">never</span>],
  );
  return (
    <section className="card">
      <header>
        <h2>{words.title}</h2><span className="dim clip">{words.note}</span>
        <span className="push row">
          <Button small onPress={() => setOpen("prune")} disabledReason={may ?? (view.sweeping && "Rows are still being deleted")} label={`Prune now: ${words.title.toLowerCase()}`}>Prune now</Button>
          <Button small onPress={() => setOpen("change")} disabledReason={may} label={`Change how long ${words.title.toLowerCase()} are kept`}>Change</Button>
        </span>
      </header>
      <div className="body"><Properties wide items={items} /></div>
      {open === "change" && <Change of={of} floors={view} onClose={() => setOpen(null)} />}
      {open === "prune" && <PruneNow of={of} onClose={() => setOpen(null)} />}
    </section>
  );
}

export function RetentionTab() {
  const query = useQuery(retentionQuery);
  const may = useMay("privacy:write");
  const view = query.data;
  if (query.isError) return <ErrorState of={query} what="Retention" />;
  if (!view) return <SkeletonRows rows={8} />;
  return (
    <div className="page narrow">
      {view.sweeping && <Notice box tone="info" icon="info">Rows are being deleted in the background. What they held is already out of reach.</Notice>}
      {view.streams.map((s) => <StreamCard key={s.stream} of={s} view={view} may={may} />)}
      <p className="dim">What is over goes every night at two, in the workspace’s time zone; next <TimeAgo at={view.next_run_at} />. Every change here, and every pruning, is an entry of the audit trail.</p>
    </div>
  );
}
