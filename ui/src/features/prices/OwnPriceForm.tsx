import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, ApiError, fieldErrors, take, type OwnPriceView } from "@/api";
import { SideForm, useForm } from "@/components";
import { providersQuery } from "@/features/keys";
import { useTenantOptions } from "@/features/tenants";
import { plural } from "@/lib/number";
import { Button, ComboBox, Icon, Notice, Radios, Select, TextField, toast } from "@/ui";
import { priceHistoryQuery, pricesChanged } from "./queries";
import { emptyRate, ORIGIN_WORDS, perOf, rateError, readRates, TIERS, typedRates, UNITS, unitLabel, type TypedRate } from "./rates";

const SHOWN = ["tenant_id", "provider", "model", "effective_from", "note"];
/** What such a rate looks like. */
const LIKELY: Record<string, string> = { input: "2.50", cache_read: "1.25", output: "10.00" };
const START = [emptyRate("input"), emptyRate("cache_read"), emptyRate("output")];

function RateRow({ rate, onChange, onRemove, simple }: { rate: TypedRate; onChange: (rate: TypedRate) => void; onRemove: () => void; simple: boolean }) {
  const wrong = rateError(rate);
  const name = unitLabel(rate.unit);
  if (simple) return <TextField label={`${name}, USD per ${perOf(rate.unit)}`} value={rate.usd} onChange={(usd) => onChange({ ...rate, usd })} inputMode="decimal" placeholder={LIKELY[rate.unit] ?? "2.50"} error={wrong ?? undefined} />;
  return (
    <div className="card" style={{ padding: 10 }}>
      <div className="two">
        <Select label="What" value={rate.unit} onChange={(unit) => onChange({ ...rate, unit })} options={UNITS} />
        <TextField label={`USD per ${perOf(rate.unit)}`} value={rate.usd} onChange={(usd) => onChange({ ...rate, usd })} inputMode="decimal" error={wrong ?? undefined} />
        <Select label="Service tier" value={rate.tier} onChange={(tier) => onChange({ ...rate, tier })} options={TIERS} />
        <TextField label="Above input tokens" value={rate.above} onChange={(above) => onChange({ ...rate, above })} inputMode="numeric" placeholder="any" />
      </div>
      <Button small kind="ghost" label={`Remove the rate for ${name}`} onPress={onRemove}><Icon name="close" size={11} /> Remove</Button>
    </div>
  );
}

export function OwnPriceForm({ price, start, onClose, onRerate }: { price?: OwnPriceView; start?: { provider: string; model: string }; onClose: () => void; onRerate: (from: string, model: string) => void }) {
  const client = useQueryClient();
  const tenants = useTenantOptions();
  const providers = useQuery(providersQuery);
  const form = useForm({
    scope: price?.tenant_id ? "tenant" : "workspace" as "workspace" | "tenant", tenant_id: price?.tenant_id ?? null as string | null,
    provider: price?.provider ?? start?.provider ?? null as string | null, model: price?.model ?? start?.model ?? "", note: price?.note ?? "", from: "",
    rates: price ? typedRates(price.rates) : START,
  });
  const v = form.values;
  const listed = useQuery({ ...priceHistoryQuery(v.provider ?? "", v.model), enabled: !price && !!v.provider && v.model !== "", retry: false });
  const options = useMemo(() => {
    const known = (providers.data?.items ?? []).map((p) => ({ id: p.id, label: p.name }));
    return v.provider && !known.some((k) => k.id === v.provider) ? [...known, { id: v.provider, label: v.provider }] : known;
  }, [providers.data, v.provider]);
  const rates = readRates(v.rates);
  const save = useMutation({
    mutationFn: (confirm: boolean) => {
      const body = { rates: rates ?? [], note: v.note.trim() || null, effective_from: v.from ? new Date(v.from).toISOString() : null, confirm };
      return price
        ? take(api.PATCH("/prices/own/{id}", { params: { path: { id: price.id } }, body: { ...body, effective_from: body.effective_from ?? undefined } }))
        : take(api.POST("/prices/own", { body: { ...body, tenant_id: v.scope === "tenant" ? v.tenant_id : null, provider: v.provider ?? "", model: v.model.trim() } }));
    },
    onSuccess: (saved) => {
      pricesChanged(client);
      const later = saved.to_rerate;
      toast({
        title: `${price ? "Changed" : "Set"} the price of ${saved.model}`,
        detail: later ? `${plural(later.calls, "call")} since it holds ${later.calls === 1 ? "was" : "were"} charged at the price before, and ${later.calls === 1 ? "stays" : "stay"} so until re-rated.` : `For ${saved.tenant_name ?? "the whole workspace"}.`,
        ...(later ? { action: { label: "Look at re-rating", run: () => onRerate(later.from, saved.model) } } : {}),
      });
      onClose();
    },
  });
  const doubts = save.error instanceof ApiError && save.error.code === "precondition_failed" ? save.error.fields.map((f) => f.message) : null;
  const change = (patch: Partial<typeof v>) => {
    form.set(patch);
    if (save.isError) save.reset();
  };
  const put = (at: number, rate: TypedRate) => change({ rates: v.rates.map((old, i) => (i === at ? rate : old)) });
  const e = fieldErrors(doubts ? null : save.error);
  const blocked = !v.provider ? "Choose a provider first" : !v.model.trim() ? "Enter a model first" : v.scope === "tenant" && !v.tenant_id ? "Choose a tenant first" : rates === null ? "Enter at least one rate first" : null;
  const newest = listed.data?.items[0];
  return (
    <SideForm title={price ? `Price of ${price.model}` : "New own price"} submit={doubts ? "Yes, use these rates" : price ? "Save" : "Set price"} onSubmit={() => save.mutate(!!doubts)} onClose={onClose} pending={save.isPending} error={doubts ? null : save.error} shown={SHOWN} blocked={blocked}>
      {!price && (
        <>
          <Radios label="Paid by" columns value={v.scope} onChange={(scope) => change({ scope })} options={[{ id: "workspace", label: "Whole workspace", note: "Every tenant without a price of its own" }, { id: "tenant", label: "One tenant", note: "Goes before the workspace's" }]} />
          {v.scope === "tenant" && <ComboBox label="Tenant" value={v.tenant_id} onChange={(tenant_id) => change({ tenant_id })} options={tenants} error={e.tenant_id} />}
          <ComboBox label="Provider" value={v.provider} onChange={(provider) => change({ provider })} options={options} error={e.provider} />
          <TextField label="Model" value={v.model} onChange={(model) => change({ model })} mono placeholder="gpt-4o" error={e.model} required hint={newest ? "It has a price already. Begin with those rates, or enter yours." : "As the provider spells it."} />
          {newest && <Button small onPress={() => change({ rates: typedRates(newest.rates) })}>Copy the rates of the {newest.own_price_id ? "own price it has" : (ORIGIN_WORDS[newest.origin] ?? "list")}</Button>}
        </>
      )}
      {v.rates.map((rate, i) => <RateRow key={i} rate={rate} simple={!price && i < START.length && v.rates.length >= START.length && v.rates[i]?.unit === START[i]?.unit && rate.tier === "standard" && rate.above === ""} onChange={(next) => put(i, next)} onRemove={() => change({ rates: v.rates.filter((_, at) => at !== i) })} />)}
      {e.rates && <Notice tone="bad" box>{e.rates}</Notice>}
      <Button small onPress={() => change({ rates: [...v.rates, { ...emptyRate("request"), unit: "cache_write" }] })}><Icon name="plus" size={11} /> Another rate</Button>
      <TextField label="Holds from" type="datetime-local" value={v.from} onChange={(from) => change({ from })} error={e.effective_from} hint={price ? "Left empty, as it is. This computer's time." : "Left empty, from now on. Calls charged before stay as they are until you re-rate them."} />
      <TextField label="Note" value={v.note} onChange={(note) => change({ note })} placeholder="Contract, invoice or e-mail it is from" error={e.note} />
      {doubts && (
        <div ref={(at) => at?.scrollIntoView({ block: "nearest" })}><Notice box>
          <strong>Is this right?</strong>
          {doubts.map((d) => <div key={d}>{d}</div>)}
          <div>Rates of tokens are entered for a million. Correct them, or confirm that they are meant.</div>
        </Notice></div>
      )}
    </SideForm>
  );
}
