import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, fieldErrors, take, type CaptureView, type Detector, type TenantView } from "@/api";
import { Confirm, ErrorState, Properties, SideForm, SkeletonRows, TimeAgo, useForm, useMay } from "@/components";
import { formatBytes, formatPercent, plural } from "@/lib/number";
import { Button, Chip, Empty, Notice, Select, TextField, toast } from "@/ui";
import { apiKeysQuery, captureQuery } from "./queries";

export const DETECTORS: Record<Detector, string> = {
  email: "E-mail addresses", phone: "Telephone numbers", card: "Payment cards", iban: "Bank accounts (IBAN)", api_key: "API keys", bearer: "Bearer tokens",
};
const ALL = Object.keys(DETECTORS) as Detector[];
const SHARES = ["1", "0.5", "0.1", "0.01", "0.001"].map((id) => ({ id, label: `${formatPercent(Number(id) * 100)} of the calls` }));
const SIZES = ["4096", "16384", "65536", "262144", "1048576"].map((id) => ({ id, label: `${formatBytes(Number(id))} of each body` }));

function CaptureForm({ tenant, view, onClose }: { tenant: TenantView; view: CaptureView; onClose: () => void }) {
  const client = useQueryClient();
  const keys = useQuery(apiKeysQuery(tenant.id));
  const r = view.rule;
  const form = useForm({ share: String(r?.share ?? 0.1), size: String(r?.max_bytes ?? 16384), days: String(r?.retention_days ?? 14), detectors: r?.detectors ?? ALL, patterns: (r?.patterns ?? []).join("\n"), keys: r?.api_key_ids ?? [] });
  const v = form.values;
  const days = /^\d+$/.test(v.days) ? Number(v.days) : null;
  const save = useMutation({
    mutationFn: () => take(api.PUT("/tenants/{id}/capture", {
      params: { path: { id: tenant.id } },
      body: { api_key_ids: v.keys, share: Number(v.share), max_bytes: Number(v.size), retention_days: days ?? 0, detectors: v.detectors, patterns: v.patterns.split("\n").map((p) => p.trim()).filter(Boolean) },
    })),
    onSuccess: (next) => {
      client.setQueryData(captureQuery(tenant.id).queryKey, next);
      toast({ title: `Bodies of ${tenant.name} are captured from now on` });
      onClose();
    },
  });
  const e = fieldErrors(save.error);
  const flip = <T extends string>(list: T[], item: T) => (list.includes(item) ? list.filter((d) => d !== item) : [...list, item]);
  const options = (list: { id: string; label: string }[], own: string, label: string) => (list.some((s) => s.id === own) ? list : [...list, { id: own, label }]);
  const active = (keys.data?.items ?? []).filter((k) => k.state === "active");
  return (
    <SideForm title={`Capture bodies of ${tenant.name}`} submit="Capture from now on" onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={["share", "max_bytes", "retention_days", "patterns"]}
      blocked={days === null || days < 1 || days > 365 ? "Say for how many days, from 1 to 365" : null}>
      <Notice tone="warn" box>What people write to models is kept then. Keep as little as you need, for as short as you can.</Notice>
      <Select label="How many calls" value={v.share} onChange={(share) => form.set({ share })} options={options(SHARES, v.share, `${formatPercent(Number(v.share) * 100)} of the calls`)} error={e.share} hint="Chosen at random, call by call" />
      <Select label="How much" value={v.size} onChange={(size) => form.set({ size })} options={options(SIZES, v.size, formatBytes(Number(v.size)))} error={e.max_bytes} />
      <TextField label="For how many days" {...form.bind("days")} inputMode="numeric" error={e.retention_days} hint="Then they are deleted for good, with the key that sealed them" />
      <fieldset className="checks"><legend>Left out before anything is kept</legend>
        {ALL.map((d) => <label key={d}><input type="checkbox" checked={v.detectors.includes(d)} onChange={() => form.set({ detectors: flip(v.detectors, d) })} /> {DETECTORS[d]}</label>)}
      </fieldset>
      <TextField label="Own patterns, one regular expression a line" {...form.bind("patterns")} multiline mono error={e.patterns} hint="What they match is left out too. At most 20." />
      {active.length > 0 && (
        <fieldset className="checks"><legend>{v.keys.length === 0 ? "Calls through all API keys" : "Only calls through these API keys"}</legend>
          {active.map((k) => <label key={k.id}><input type="checkbox" checked={v.keys.includes(k.id)} onChange={() => form.set({ keys: flip(v.keys, k.id) })} /> {k.name}</label>)}
        </fieldset>
      )}
    </SideForm>
  );
}

function Act({ tenant, act, onClose }: { tenant: TenantView; act: "stop" | "delete"; onClose: () => void }) {
  const client = useQueryClient();
  const params = { path: { id: tenant.id } };
  const run = useMutation({
    mutationFn: async () => { await (act === "stop" ? take(api.DELETE("/tenants/{id}/capture", { params })) : take(api.DELETE("/tenants/{id}/capture/bodies", { params }))); },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["tenants", "capture", tenant.id] });
      void client.invalidateQueries({ queryKey: ["requests", "one"] });
      toast({ title: act === "stop" ? `No more bodies of ${tenant.name} are captured` : `Deleted the captured bodies of ${tenant.name}` });
      onClose();
    },
  });
  const common = { pending: run.isPending, error: run.error, onConfirm: () => run.mutate(), onClose };
  if (act === "stop") return <Confirm title={`Stop capturing bodies of ${tenant.name}?`} act="Stop" {...common}>Nothing more is kept. What is kept already stays until its time is over, or until it is deleted.</Confirm>;
  return <Confirm title={`Delete the captured bodies of ${tenant.name}?`} act="Delete" type={{ text: tenant.name, of: "name" }} {...common}>They are overwritten and the keys that sealed them destroyed. Charges and audit entries stay.</Confirm>;
}

export function CaptureTab({ tenant }: { tenant: TenantView }) {
  const query = useQuery(captureQuery(tenant.id));
  const may = useMay("capture:write", tenant.id);
  const [open, setOpen] = useState<"edit" | "stop" | "delete" | null>(null);
  if (query.isPending) return <SkeletonRows />;
  if (query.isError) return <ErrorState of={query} what="What is captured" />;
  const { rule, kept, dropped } = query.data;
  return (
    <div className="page" style={{ maxWidth: 760 }}>
      <section className="card">
        <header><h2>Bodies of requests and answers</h2><span className="push">{rule ? <Chip tone="warn">captured</Chip> : <Chip>not kept</Chip>}</span></header>
        {rule ? (
          <Properties wide items={[
            ["Of", `${formatPercent(rule.share * 100)} of the calls${rule.api_key_ids.length > 0 ? ` through ${plural(rule.api_key_ids.length, "API key")}` : ""}`],
            ["At most", `${formatBytes(rule.max_bytes)} of each body`], ["For", plural(rule.retention_days, "day")],
            ["Left out", rule.detectors.length === 0 && rule.patterns.length === 0 ? <Chip key="n" tone="bad">nothing</Chip> : <span key="d">{[...rule.detectors.map((d) => DETECTORS[d]), ...(rule.patterns.length > 0 ? [plural(rule.patterns.length, "own pattern")] : [])].join(", ")}</span>],
            ["Set", <TimeAgo key="s" at={rule.updated_at} />],
          ]} />
        ) : <Empty tight title="No bodies are kept">Reeve keeps who called which model, when and what it cost, never what was written. Capture can keep a share of it, redacted and sealed, while you look into something.</Empty>}
        <div className="row" style={{ padding: "0 14px 14px" }}>
          <Button kind={rule ? "plain" : "primary"} onPress={() => setOpen("edit")} disabledReason={may}>{rule ? "Change" : "Capture bodies"}</Button>
          {rule && <Button onPress={() => setOpen("stop")} disabledReason={may}>Stop</Button>}
        </div>
      </section>
      <section className="card">
        <header><h2>Kept now</h2></header>
        <Properties wide items={[
          ["Calls", plural(kept.calls, "call")], ["Size", `${formatBytes(kept.bytes)}, sealed`], ["Oldest", <TimeAgo key="o" at={kept.oldest} never="none" />],
          ...(dropped > 0 ? [["Not kept in time", `${plural(dropped, "call")} since Reeve started: capture never makes a call wait`] as [string, string]] : []),
        ]} />
        <div className="row" style={{ padding: "0 14px 14px" }}><Button kind="danger" onPress={() => setOpen("delete")} disabledReason={may ?? (kept.calls === 0 && "Nothing is kept")}>Delete all</Button></div>
      </section>
      {open === "edit" && <CaptureForm tenant={tenant} view={query.data} onClose={() => setOpen(null)} />}
      {open && open !== "edit" && <Act tenant={tenant} act={open} onClose={() => setOpen(null)} />}
    </div>
  );
}
