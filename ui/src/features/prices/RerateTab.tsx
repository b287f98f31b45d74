import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, errorWords, fieldErrors, take, type RerateView } from "@/api";
import { Confirm, Day, ErrorState, Money, SkeletonRows, TimeAgo, useForm, useMay } from "@/components";
import { useTenantOptions } from "@/features/tenants";
import { compareUsd, formatUsd } from "@/lib/money";
import { formatCount, plural } from "@/lib/number";
import { Button, ComboBox, Empty, Form, Notice, TextField, toast } from "@/ui";
import type { PricesSearch } from "./PricesPage";
import { useProviders } from "./providers";
import { chargesCorrected, reratingsQuery } from "./queries";

const EVERYBODY = "everybody";
/** What a date field wants, in this computer's time. */
export function toLocalInput(at: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
const startOfMonth = (): string => {
  const now = new Date();
  return toLocalInput(new Date(now.getFullYear(), now.getMonth(), 1));
};

function Changes({ view }: { view: RerateView }) {
  const shown = view.items.filter((i) => i.changed_calls > 0 || i.unknown_calls > 0);
  if (view.total.calls === 0) return <Empty tight title="No calls in this period">Nothing was charged that this describes.</Empty>;
  if (shown.length === 0) return <Notice tone="info" icon="check" box>{plural(view.total.calls, "call")} looked at. Every one costs what it was charged; nothing is to be corrected.</Notice>;
  // Cents alone would not add up to the eye where the amounts are small.
  const places = Number(view.total.old_cost_usd) < 100 && Number(view.total.new_cost_usd) < 100 ? 4 : 2;
  const same = view.total.calls - shown.reduce((sum, i) => sum + i.calls, 0);
  return (
    <table className="t">
      <thead><tr><th>Model</th><th>Provider</th><th className="num">Calls</th><th className="num">That change</th><th className="num">Charged</th><th className="num">At today&apos;s prices</th><th className="num">Difference</th></tr></thead>
      <tbody>
        {shown.map((i) => (
          <tr key={`${i.provider}/${i.model}`}>
            <td className="mono">{i.model}</td><td className="dim">{i.provider}</td><td className="num">{formatCount(i.calls)}</td>
            <td className="num">{formatCount(i.changed_calls)}{i.unknown_calls > 0 && <span className="faint"> ({formatCount(i.unknown_calls)} cannot be rated)</span>}</td>
            <td className="num"><Money usd={i.old_cost_usd} places={places} /></td><td className="num"><Money usd={i.new_cost_usd} places={places} /></td><td className="num strong"><Signed usd={i.difference_usd} places={places} /></td>
          </tr>
        ))}
        <tr><td className="strong" colSpan={2}>All calls of the period{same > 0 && <span className="faint"> ({formatCount(same)} of other models stay as they are)</span>}</td><td className="num">{formatCount(view.total.calls)}</td><td className="num">{formatCount(view.total.changed_calls)}</td><td className="num"><Money usd={view.total.old_cost_usd} places={places} /></td><td className="num"><Money usd={view.total.new_cost_usd} places={places} /></td><td className="num strong"><Signed usd={view.total.difference_usd} places={places} /></td></tr>
      </tbody>
    </table>
  );
}
function Signed({ usd, places }: { usd: string; places: number }) {
  return <>{compareUsd(usd, "0") > 0 && "+"}<Money usd={usd} places={places} /></>;
}

function Past() {
  const list = useQuery(reratingsQuery);
  if (list.isError) return <ErrorState of={list} what="Earlier re-ratings" tight />;
  if (!list.data) return <SkeletonRows rows={2} />;
  if (list.data.items.length === 0) return <Empty tight title="Nothing was re-rated yet" />;
  return (
    <table className="t">
      <thead><tr><th>When</th><th>Period</th><th>Which</th><th>Why</th><th className="num">Corrected</th><th className="num">From</th><th className="num">To</th></tr></thead>
      <tbody>
        {list.data.items.map((r) => (
          <tr key={r.id}>
            <td className="dim"><TimeAgo at={r.created_at} />{r.finished_at === null && ", on its way"}</td><td><Day at={r.from} /> to <Day at={r.to} /></td>
            <td>{[r.tenant_name, r.provider, r.model].filter(Boolean).join(", ") || "Everything"}</td><td style={{ whiteSpace: "normal" }}>{r.reason}</td>
            <td className="num">{plural(r.adjusted_calls, "call")}</td><td className="num"><Money usd={r.old_cost_usd} /></td><td className="num"><Money usd={r.new_cost_usd} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function RerateTab({ search }: { search: PricesSearch }) {
  const client = useQueryClient();
  const may = useMay("usage:write");
  const tenants = useTenantOptions();
  const providers = useProviders();
  const [asking, setAsking] = useState(false);
  const form = useForm({ from: search.from ? toLocalInput(new Date(search.from)) : startOfMonth(), to: "", tenant: EVERYBODY as string | null, model: search.model ?? "", provider: EVERYBODY as string | null, reason: "" });
  const v = form.values;
  const send = (preview: boolean) => take(api.POST("/usage/rerate", { body: {
    from: new Date(v.from).toISOString(), to: v.to ? new Date(v.to).toISOString() : null, tenant_id: v.tenant === EVERYBODY ? null : v.tenant,
    provider: v.provider === EVERYBODY ? null : v.provider, model: v.model.trim() || null, preview, reason: v.reason,
  } }));
  const preview = useMutation({ mutationFn: () => send(true) });
  const run = useMutation({
    mutationFn: () => send(false),
    onSuccess: (view) => {
      chargesCorrected(client);
      preview.reset();
      setAsking(false);
      toast({ title: `Corrected ${plural(view.total.changed_calls, "call")}`, detail: `${formatUsd(view.total.old_cost_usd)} became ${formatUsd(view.total.new_cost_usd)}.` });
    },
  });
  const change = (patch: Partial<typeof v>) => {
    form.set(patch);
    // Another reason is the same question.
    if (Object.keys(patch).some((k) => k !== "reason")) preview.reset();
  };
  const e = fieldErrors(preview.error ?? run.error);
  const changed = preview.data?.total.changed_calls ?? 0;
  return (
    <div className="page">
      <section className="card">
        <header><h2>Rate a period again</h2></header>
        <div className="content" style={{ padding: "4px 14px 14px" }}>
          <p className="dim" style={{ marginBottom: 12 }}>What its calls cost at the prices known now. Charges are never edited: the difference becomes a charge of its own, and budgets follow.</p>
          <Form onSubmit={() => !preview.isPending && preview.mutate()}>
            <div className="two">
              <TextField label="From" type="datetime-local" value={v.from} onChange={(from) => change({ from })} error={e.from} required />
              <TextField label="To" type="datetime-local" value={v.to} onChange={(to) => change({ to })} hint="Left empty, until now. This computer's time." error={e.to} />
              <ComboBox label="Tenant" value={v.tenant} onChange={(tenant) => change({ tenant })} options={[{ id: EVERYBODY, label: "Every tenant" }, ...tenants]} error={e.tenant_id} />
              <ComboBox label="Provider" value={v.provider} onChange={(provider) => change({ provider })} options={[{ id: EVERYBODY, label: "Every provider" }, ...providers]} error={e.provider} />
              <TextField label="Model" value={v.model} onChange={(model) => change({ model })} mono placeholder="every model" />
            </div>
            <div className="row" style={{ marginTop: 10 }}><Button kind={changed > 0 ? "plain" : "primary"} type="submit" pending={preview.isPending} disabledReason={may ?? (!v.from && "Enter the beginning first")}>Show what would change</Button></div>
          </Form>
          {!!preview.error && Object.keys(e).length === 0 && <Notice tone="bad" box>{errorWords(preview.error)}</Notice>}
          {preview.data && <div role="status" aria-label="What would change" style={{ marginTop: 12 }}><Changes view={preview.data} /></div>}
          {changed > 0 && (
            <Form className="form rerate" onSubmit={() => setAsking(true)}>
              <TextField label="Reason" value={v.reason} onChange={(reason) => change({ reason })} placeholder="Contract price of October entered late" hint="Stays beside every corrected charge and in the audit trail." error={e.reason} required />
              <div className="row"><Button kind="primary" type="submit" disabledReason={may ?? (!v.reason.trim() && "Say why first")}>Correct {plural(changed, "call")}</Button></div>
            </Form>
          )}
        </div>
      </section>
      <section className="card"><header><h2>Earlier re-ratings</h2></header><Past /></section>
      {asking && preview.data && (
        <Confirm title={`Correct ${plural(changed, "call")}`} act="Correct" kind="primary" pending={run.isPending} error={run.error} onConfirm={() => run.mutate()} onClose={() => setAsking(false)}>
          {formatUsd(preview.data.total.old_cost_usd)} becomes {formatUsd(preview.data.total.new_cost_usd)}. The charges there are stay as they are; one charge for each call makes up the difference, and the budgets of the periods that are running follow.
        </Confirm>
      )}
    </div>
  );
}
