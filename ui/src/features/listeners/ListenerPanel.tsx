import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, errorWords, take, type ListenerView } from "@/api";
import { Confirm, ErrorState, Id, Inspector, Properties, Section, SkeletonRows, TimeAgo } from "@/components";
import { formatCount, formatDuration, plural } from "@/lib/number";
import { Button, Chip, Notice, toast } from "@/ui";
import { ListenerForm } from "./ListenerForm";
import { deliveriesQuery, sentWords, STATE_WORDS } from "./queries";

function Deliveries({ id }: { id: string }) {
  const list = useQuery(deliveriesQuery(id));
  if (list.isPending) return <SkeletonRows rows={4} widths={["30%", "40%"]} />;
  if (list.isError) return <ErrorState of={list} what="The deliveries" tight />;
  if (list.data.items.length === 0) return <p className="faint">None yet. The next entry that fits is sent at once.</p>;
  return (
    <ol className="story">
      {list.data.items.slice(0, 30).map((d, i) => (
        <li key={`${d.time} ${d.entry_id} ${d.attempt} ${i}`}>
          <div className="row" style={{ gap: 8 }}>
            <Chip tone={d.ok ? "ok" : "warn"}>{d.ok ? "taken" : "failed"}</Chip>
            {d.entry_id ? <Link to="/audit" search={{ entry: d.entry_id, stream: d.entry_id.startsWith("usage") ? "usage" : undefined }} className="mono">{d.entry_id}</Link> : <span className="dim">test</span>}
            {d.attempt > 1 && <span className="faint">attempt {formatCount(d.attempt)}</span>}
            <span className="faint push"><TimeAgo at={d.time} /></span>
          </div>
          <div className="faint">{d.status !== null ? `answered ${d.status} in ` : ""}{formatDuration(d.duration_ms)}{d.error && d.status === null ? `, ${d.error}` : ""}</div>
        </li>
      ))}
    </ol>
  );
}

function Remove({ listener, onClose, onGone }: { listener: ListenerView; onClose: () => void; onGone: () => void }) {
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: () => take(api.DELETE("/audit/listeners/{id}", { params: { path: { id: listener.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["listeners"] });
      toast({ title: `Removed ${listener.name}` });
      onGone();
    },
  });
  return (
    <Confirm title={`Remove ${listener.name}?`} act="Remove" type={{ text: listener.name, of: "name" }} pending={run.isPending} error={run.error} onConfirm={() => run.mutate()} onClose={onClose}>
      It is sent nothing any more, and how far it was is forgotten. To stop for a while, pause it instead.
    </Confirm>
  );
}

export function ListenerPanel({ listener: l, may, onClose }: { listener: ListenerView; may: string | null; onClose: () => void }) {
  const client = useQueryClient();
  const [open, setOpen] = useState<"edit" | "remove" | null>(null);
  const refresh = () => void client.invalidateQueries({ queryKey: ["listeners"] });
  const failed = (error: unknown) => toast({ title: "Not done", detail: errorWords(error), bad: true });
  const path = { params: { path: { id: l.id } } };
  const test = useMutation({
    mutationFn: () => take(api.POST("/audit/listeners/{id}/test", path)),
    onSuccess: (t) => {
      refresh();
      toast(t.ok ? { title: `${l.name} took the test`, detail: `It answered ${t.status} in ${formatDuration(t.duration_ms)}` } : { title: `${l.name} did not take the test`, detail: t.error ?? undefined, bad: true });
    },
    onError: failed,
  });
  const enabled = l.state === "sending" || l.state === "retrying";
  const turn = useMutation({ mutationFn: () => take(api.PATCH("/audit/listeners/{id}", { ...path, body: { enabled: !enabled } })), onSuccess: refresh, onError: failed });
  const [tone, word] = STATE_WORDS[l.state];
  return (
    <Inspector label={`Listener ${l.name}`} title={l.name} subtitle={sentWords(l)} onClose={onClose}>
      {l.stopped_why && <Notice tone="bad" box>Reeve stopped sending: {l.stopped_why}. Nothing is lost; it goes on where it stopped.</Notice>}
      <Section title="State">
        <Properties items={[
          ["Now", <Chip key="s" tone={tone}>{word}</Chip>],
          ["Address", <span key="a" className="mono" style={{ overflowWrap: "anywhere" }}>{l.url}</span>],
          ["Behind", l.behind === 0 ? "nothing waits" : plural(l.behind, "entry", "entries")],
          ["Delivered", plural(l.delivered, "entry", "entries")],
          ["Last", <TimeAgo key="l" at={l.last_delivered_at} />],
          ...(l.failing_since ? [["Failing", <span key="f">since <TimeAgo at={l.failing_since} />, {plural(l.failures, "attempt")}</span>] as [string, React.ReactNode]] : []),
          ["Private network", l.allow_private ? "allowed" : "not allowed"],
          ["Id", <Id key="i" value={l.id} what="listener id" />],
        ]} />
        <div className="row" style={{ marginTop: 10, flexWrap: "wrap" }}>
          <Button small onPress={() => test.mutate()} pending={test.isPending} disabledReason={may}>Send a test</Button>
          <Button small onPress={() => turn.mutate()} pending={turn.isPending} disabledReason={may}>{enabled ? "Pause" : "Go on"}</Button>
          <Button small onPress={() => setOpen("edit")} disabledReason={may}>Edit</Button>
          <Button small onPress={() => setOpen("remove")} disabledReason={may}>Remove</Button>
        </div>
      </Section>
      <Section title="Last attempts"><Deliveries id={l.id} /></Section>
      {open === "edit" && <ListenerForm listener={l} onClose={() => setOpen(null)} />}
      {open === "remove" && <Remove listener={l} onClose={() => setOpen(null)} onGone={onClose} />}
    </Inspector>
  );
}
