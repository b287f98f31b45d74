import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, errorWords, saveAs, take, type ErasureView, type SubjectView } from "@/api";
import { Confirm, ErrorState, SideForm, SkeletonRows, TimeAgo, useForm, useMay } from "@/components";
import { plural } from "@/lib/number";
import { Button, Chip, ComboBox, Empty, Radios, toast } from "@/ui";
import { erasuresQuery, subjectsQuery } from "./queries";
import { GROUNDS, groundWords, keptWords, STATE } from "./words";

function useDone(onClose?: () => void) {
  const client = useQueryClient();
  return () => {
    void client.invalidateQueries({ queryKey: ["privacy"] });
    void client.invalidateQueries({ queryKey: ["audit"] });
    onClose?.();
  };
}

function Request({ subjects, onClose }: { subjects: SubjectView[]; onClose: () => void }) {
  const form = useForm({ subject: "" });
  const done = useDone(onClose);
  const run = useMutation({
    mutationFn: () => take(api.POST("/erasures", { body: { subject: form.values.subject } })),
    onSuccess: (e) => {
      toast({ title: e.state === "blocked" ? "Noted; a legal hold keeps it" : "Noted the request", detail: "Nothing is erased yet" });
      done();
    },
  });
  const options = subjects.filter((s) => s.months > 0 && !s.asked).map((s) => ({ id: s.subject, label: s.name, note: keptWords(s) }));
  return (
    <SideForm title="Note a request for erasure" submit="Note request" onSubmit={() => run.mutate()} onClose={onClose} pending={run.isPending} error={run.error} shown={[]} blocked={!form.values.subject && "Choose whose"}>
      <ComboBox label="Who asks" value={form.values.subject} onChange={(subject) => form.set({ subject })} options={options} hint="People of this workspace, and whoever the trail knows without a name" />
      <p className="dim">The request becomes an entry. Nothing is erased until somebody carries it out; a legal hold is looked for then, too.</p>
    </SideForm>
  );
}

function CarryOut({ erasure, name, onClose }: { erasure: ErasureView; name: string; onClose: () => void }) {
  const done = useDone(onClose);
  const run = useMutation({
    mutationFn: () => take(api.POST("/erasures/{id}/carry-out", { params: { path: { id: erasure.id } } })),
    onSuccess: (e) => {
      toast(e.state === "done" ? { title: `Erased ${name}`, detail: `${plural(e.keys, "key")} destroyed, ${plural(e.sections, "sealed section")} out of reach` } : { title: "A legal hold keeps it", detail: e.ground ?? undefined, bad: true });
      done();
    },
  });
  return (
    <Confirm title={`Erase ${name}?`} type={{ text: "erase", of: "word" }} act="Erase for good" pending={run.isPending} error={run.error} onConfirm={() => run.mutate()} onClose={onClose}>
      <p>The keys to what is personal of them in the trail are destroyed, with their name, their account and their sign-ins. Nobody can undo this, and no copy of the database brings it back.</p>
      <p>What they did stays in the trail, without who it was; every hash stays true. Files that were exported before are not in reach: tell whoever has one.</p>
    </Confirm>
  );
}

function Refuse({ erasure, onClose }: { erasure: ErasureView; onClose: () => void }) {
  const form = useForm<{ ground: string | null }>({ ground: null });
  const done = useDone(onClose);
  const run = useMutation({
    mutationFn: (ground: string) => take(api.POST("/erasures/{id}/refuse", { params: { path: { id: erasure.id } }, body: { ground } })),
    onSuccess: () => {
      toast({ title: "Refused the request" });
      done();
    },
  });
  return (
    <SideForm title="Refuse the request" submit="Refuse" onSubmit={() => form.values.ground && run.mutate(form.values.ground)} onClose={onClose} pending={run.isPending} error={run.error} shown={[]} blocked={!form.values.ground && "Choose a ground"}>
      <Radios label="On the ground" value={form.values.ground} onChange={(ground) => form.set({ ground })} options={GROUNDS} />
      <p className="dim">The person must be told why, and where to complain (GDPR Art. 12(4)).</p>
    </SideForm>
  );
}

function Requests({ items, nameOf, may, create }: { items: ErasureView[]; nameOf: (subject: string) => string; may: string | null; create: React.ReactNode }) {
  const [carrying, setCarrying] = useState<ErasureView | null>(null);
  const [refusing, setRefusing] = useState<ErasureView | null>(null);
  const proof = useMutation({
    mutationFn: async (e: ErasureView) => {
      const send = await saveAs(`reeve-erasure-${e.id}.json`);
      if (send) await take(api.GET("/erasures/{id}/proof", { params: { path: { id: e.id } }, parseAs: "text", fetch: send }));
      return send !== null;
    },
    onSuccess: (saved) => saved && toast({ title: "Saved the proof" }),
    onError: (error) => toast({ title: "The proof could not be made", detail: errorWords(error), bad: true }),
  });
  return (
    <section className="card">
      <header><h2>Requests</h2><span className="dim clip">each step is an entry of the trail</span>{items.length > 0 && <span className="push">{create}</span>}</header>
      {items.length === 0 ? (
        <Empty level={3} tight title="Nobody has asked to be erased" action={create}>Note a request when one comes in; it can be carried out or refused afterwards.</Empty>
      ) : (
        <div style={{ overflowX: "auto" }}>
          <table className="t">
            <thead><tr><th>Who</th><th>State</th><th>Asked</th><th>Decided</th><th className="num">Sealed sections</th><th><span className="sr">Actions</span></th></tr></thead>
            <tbody>
              {items.map((e) => {
                const [tone, word] = STATE[e.state];
                const open = e.state === "requested" || e.state === "blocked";
                return (
                  <tr key={e.id}>
                    <td className="strong">{nameOf(e.subject)}</td>
                    <td><Chip tone={tone}>{word}</Chip> <span className="dim">{groundWords(e)}</span></td>
                    <td className="dim"><TimeAgo at={e.requested_at} /></td>
                    <td className="dim">{open ? "–" : <TimeAgo at={e.decided_at} />}</td>
                    <td className="num">{e.state === "done" ? e.sections : "–"}</td>
                    <td className="num"><span className="row end">
                      {open && <Button small onPress={() => setRefusing(e)} disabledReason={may} label={`Refuse the request of ${nameOf(e.subject)}`}>Refuse</Button>}
                      {open && <Button small kind="danger" onPress={() => setCarrying(e)} disabledReason={may} label={`Erase ${nameOf(e.subject)}`}>Erase</Button>}
                      {!open && <Button small onPress={() => proof.mutate(e)} pending={proof.isPending && proof.variables?.id === e.id} label={`Save the proof for ${nameOf(e.subject)}`}>Proof</Button>}
                    </span></td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {carrying && <CarryOut erasure={carrying} name={nameOf(carrying.subject)} onClose={() => setCarrying(null)} />}
      {refusing && <Refuse erasure={refusing} onClose={() => setRefusing(null)} />}
    </section>
  );
}

function Known({ items, may }: { items: SubjectView[]; may: string | null }) {
  const done = useDone();
  const restrict = useMutation({
    mutationFn: (s: SubjectView) => take(api.PUT("/privacy/subjects/{subject}/restriction", { params: { path: { subject: s.subject } }, body: { restricted: !s.restricted_at } })),
    onSuccess: (s) => {
      toast({ title: s.restricted_at ? `What is personal of ${s.name} is no longer shown` : `What is personal of ${s.name} is shown again` });
      done();
    },
    onError: (error) => toast({ title: "Not changed", detail: errorWords(error), bad: true }),
  });
  return (
    <section className="card">
      <header><h2>Whom the trail knows</h2><span className="dim clip">names and addresses are sealed apart from the entries, under a key a month</span></header>
      <div style={{ overflowX: "auto" }}>
        <table className="t">
          <thead><tr><th>Who</th><th>Kept of</th><th>State</th><th><span className="sr">Actions</span></th></tr></thead>
          <tbody>
            {items.map((s) => (
              <tr key={s.subject}>
                <td className="strong">{s.name}</td>
                <td className="dim">{keptWords(s)}</td>
                <td>
                  <span className="row">
                    {s.erased_at && <Chip tone="ok">erased</Chip>}
                    {s.restricted_at && <Chip tone="info">restricted</Chip>}
                    {s.held_by.length > 0 && <Chip tone="warn">{`held: ${s.held_by.join(", ")}`}</Chip>}
                  </span>
                </td>
                <td className="num">{s.months > 0 && <Button small onPress={() => restrict.mutate(s)} pending={restrict.isPending && restrict.variables?.subject === s.subject} disabledReason={may} label={`${s.restricted_at ? "Show again" : "Restrict"} what is personal of ${s.name}`}>{s.restricted_at ? "Show again" : "Restrict"}</Button>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

export function ErasureTab() {
  const requests = useQuery(erasuresQuery);
  const subjects = useQuery(subjectsQuery);
  const may = useMay("privacy:write");
  const [asking, setAsking] = useState(false);
  if (requests.isError) return <ErrorState of={requests} what="Requests" />;
  if (subjects.isError) return <ErrorState of={subjects} what="Whom the trail knows" />;
  if (!requests.data || !subjects.data) return <SkeletonRows rows={10} />;
  const known = subjects.data.items;
  const nameOf = (subject: string) => known.find((s) => s.subject === subject)?.name ?? subject;
  const create = <Button kind="primary" onPress={() => setAsking(true)} disabledReason={may}>Note a request</Button>;
  return (
    <div className="page">
      <Requests items={requests.data.items} nameOf={nameOf} may={may} create={create} />
      <Known items={known} may={may} />
      {asking && <Request subjects={known} onClose={() => setAsking(false)} />}
    </div>
  );
}
