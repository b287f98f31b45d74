import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, fieldErrors, take, type LegalHoldScope, type LegalHoldView } from "@/api";
import { ErrorState, SideForm, SkeletonRows, TimeAgo, useForm, useMay, useZone } from "@/components";
import { tenantNamesQuery } from "@/features/tenants";
import { dayKey, ofWallClock } from "@/lib/time";
import { Button, Chip, ComboBox, Empty, Radios, TextField, toast } from "@/ui";
import { legalHoldsQuery, subjectsQuery } from "./queries";
import { coversWords } from "./words";

const SCOPES: { id: LegalHoldScope; label: string; note: string }[] = [
  { id: "workspace", label: "The whole trail", note: "Nothing is erased or pruned" },
  { id: "tenant", label: "A tenant", note: "What happened in it, and who acted there" },
  { id: "subject", label: "A person", note: "What they did, and what is personal of them" },
  { id: "time", label: "A span of time", note: "Whole days" },
];

/** The day after, as a date field writes it. */
const nextDay = (day: string): string => new Date(Date.parse(`${day}T12:00:00Z`) + 86_400_000).toISOString().slice(0, 10);

function Place({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const zone = useZone();
  const tenants = useQuery(tenantNamesQuery);
  const subjects = useQuery(subjectsQuery);
  const form = useForm({ name: "", scope: "workspace" as LegalHoldScope, target: "", from: "", to: "", reason: "" });
  const v = form.values;
  const time = v.scope === "time";
  const some = v.scope === "tenant" || v.scope === "subject";
  const place = useMutation({
    mutationFn: () => take(api.POST("/legal-holds", { body: {
      name: v.name, scope: v.scope, reason: v.reason, target: some ? v.target : null,
      from: time ? ofWallClock(`${v.from}T00:00`, zone) : null, to: time ? ofWallClock(`${nextDay(v.to)}T00:00`, zone) : null,
    } })),
    onSuccess: (hold) => {
      void client.invalidateQueries({ queryKey: ["privacy"] });
      toast({ title: `Placed the hold ${hold.name}` });
      onClose();
    },
  });
  const e = fieldErrors(place.error);
  const options = v.scope === "tenant" ? (tenants.data?.items ?? []).map((t) => ({ id: t.id, label: t.name })) : (subjects.data?.items ?? []).map((s) => ({ id: s.subject, label: s.name }));
  const backwards = time && !!v.from && !!v.to && v.from > v.to;
  const blocked = !v.name.trim() ? "Give it a name" : some && !v.target ? "Choose whose" : time && (!v.from || !v.to) ? "Choose both days" : backwards ? "Correct the marked fields first" : !v.reason.trim() ? "Say why" : null;
  return (
    <SideForm title="Place a legal hold" submit="Place hold" onSubmit={() => place.mutate()} onClose={onClose} pending={place.isPending} error={place.error} shown={["name", "target", "from", "to", "reason"]} blocked={blocked}>
      <TextField label="Name" {...form.bind("name")} error={e.name} hint="Such as the number of the case. It is an entry of the trail: name no person." required autoFocus />
      <Radios label="Covers" value={v.scope} onChange={(scope) => form.set({ scope, target: "" })} options={SCOPES} />
      {some && <ComboBox key={v.scope} label={v.scope === "tenant" ? "Tenant" : "Person"} value={v.target} onChange={(target) => form.set({ target })} options={options} error={e.target} />}
      {time && (
        <div className="two">
          <TextField label="First day" type="date" {...form.bind("from")} error={e.from} hint={zone} />
          <TextField label="Last day" type="date" {...form.bind("to")} error={backwards ? "Not before the first day." : e.to} hint="included" />
        </div>
      )}
      <TextField label="Why" {...form.bind("reason")} error={e.reason} multiline required hint="Kept sealed in the trail." />
      <p className="dim">While it stands, nothing it covers is erased, and pruning stops before the first bundle of 256 entries that it covers: what comes after that stays too.</p>
    </SideForm>
  );
}

function Release({ hold, onClose }: { hold: LegalHoldView; onClose: () => void }) {
  const client = useQueryClient();
  const form = useForm({ reason: "" });
  const run = useMutation({
    mutationFn: () => take(api.POST("/legal-holds/{id}/release", { params: { path: { id: hold.id } }, body: { reason: form.values.reason } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["privacy"] });
      toast({ title: `Released the hold ${hold.name}` });
      onClose();
    },
  });
  const e = fieldErrors(run.error);
  return (
    <SideForm title={`Release ${hold.name}`} submit="Release hold" onSubmit={() => run.mutate()} onClose={onClose} pending={run.isPending} error={run.error} shown={["reason"]} blocked={!form.values.reason.trim() && "Say why"}>
      <p className="dim">What it kept may be erased again, and goes with the next nightly run if its time is over. Requests that it blocked wait for somebody to carry them out.</p>
      <TextField label="Why" {...form.bind("reason")} error={e.reason} multiline required autoFocus />
    </SideForm>
  );
}

export function HoldsTab() {
  const query = useQuery(legalHoldsQuery);
  const tenants = useQuery(tenantNamesQuery);
  const subjects = useQuery(subjectsQuery);
  const zone = useZone();
  const may = useMay("privacy:write");
  const [placing, setPlacing] = useState(false);
  const [releasing, setReleasing] = useState<LegalHoldView | null>(null);
  if (query.isError) return <ErrorState of={query} what="Legal holds" />;
  if (!query.data) return <SkeletonRows rows={6} />;
  const name = (id: string) => tenants.data?.items.find((t) => t.id === id)?.name ?? subjects.data?.items.find((s) => s.subject === id)?.name;
  const create = <Button kind="primary" onPress={() => setPlacing(true)} disabledReason={may}>Place a hold</Button>;
  return (
    <div className="page">
      <section className="card">
        <header><h2>Legal holds</h2><span className="dim clip">what may be neither erased nor pruned</span>{query.data.items.length > 0 && <span className="push">{create}</span>}</header>
        {query.data.items.length === 0 ? (
          <Empty level={3} tight title="No hold was ever placed" action={create}>Place one when a case or an investigation needs the trail as it is.</Empty>
        ) : (
          <div style={{ overflowX: "auto" }}>
            <table className="t">
              <thead><tr><th>Name</th><th>Covers</th><th>Why</th><th>Placed</th><th>State</th><th><span className="sr">Actions</span></th></tr></thead>
              <tbody>
                {query.data.items.map((h) => (
                  <tr key={h.id}>
                    <td className="strong">{h.name}</td>
                    <td>{coversWords(h, name, (at) => dayKey(at, zone))}</td>
                    <td className="dim clip" title={h.reason}>{h.reason}</td>
                    <td className="dim"><TimeAgo at={h.placed_at} /></td>
                    <td>{h.released_at ? <span title={h.release_reason ?? undefined}><Chip>released</Chip> <span className="dim"><TimeAgo at={h.released_at} /></span></span> : <Chip tone="warn">stands</Chip>}</td>
                    <td className="num">{!h.released_at && <Button small onPress={() => setReleasing(h)} disabledReason={may} label={`Release ${h.name}`}>Release</Button>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
      {placing && <Place onClose={() => setPlacing(false)} />}
      {releasing && <Release hold={releasing} onClose={() => setReleasing(null)} />}
    </div>
  );
}
