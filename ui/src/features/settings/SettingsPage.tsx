import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, useSyncExternalStore, type ReactNode } from "react";
import { api, fieldErrors, take, type SettingsView, type UpdateSettingsBody } from "@/api";
import { Confirm, ErrorState, FormError, Id, Page, Properties, SkeletonRows, Snippets, useForm, useMay } from "@/components";
import { useExampleModel } from "@/features/tenants";
import { WitnessesCard } from "@/features/witnesses";
import { readUsdInput } from "@/lib/money";
import { plural } from "@/lib/number";
import { onTheme, setTheme, themeChoice, type ThemeChoice } from "@/lib/theme";
import { allZones } from "@/lib/time";
import { Button, ComboBox, CopyButton, Form, Radios, TextField, toast } from "@/ui";

export const settingsQuery = queryOptions({ queryKey: ["settings"], queryFn: ({ signal }) => take(api.GET("/settings", { signal })) });
export const sampleQuery = queryOptions({ queryKey: ["sample"], queryFn: ({ signal }) => take(api.GET("/sample", { signal })) });

function Card({ title, lede, children }: { title: string; lede?: ReactNode; children: ReactNode }) {
  return <section className="card"><header><h2>{title}</h2>{lede && <span className="dim">{lede}</span>}</header><div className="body">{children}</div></section>;
}
function useSave(what: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: UpdateSettingsBody) => take(api.PATCH("/settings", { body })),
    onSuccess: (saved) => {
      client.setQueryData(settingsQuery.queryKey, saved);
      void client.invalidateQueries({ queryKey: ["setup"] });
      toast({ title: `Saved ${what}` });
    },
  });
}
function Workspace({ settings, may }: { settings: SettingsView; may: string | null }) {
  const form = useForm({ workspace_name: settings.workspace_name, time_zone: settings.time_zone });
  const save = useSave("the workspace");
  const e = fieldErrors(save.error);
  const same = form.values.workspace_name === settings.workspace_name && form.values.time_zone === settings.time_zone;
  return (
    <Card title="Workspace">
      <Form className="form" onSubmit={() => save.mutate(form.values)}>
        <div className="two">
          <TextField label="Name" {...form.bind("workspace_name")} error={e.workspace_name} />
          <ComboBox label="Time zone" value={form.values.time_zone} onChange={(time_zone) => form.set({ time_zone })} options={allZones().map((z) => ({ id: z, label: z }))} error={e.time_zone} hint="Times are shown, and the workspace's days begin, in this zone." />
        </div>
        {!!save.error && Object.keys(e).length === 0 && <FormError error={save.error} />}
        <div className="row"><Button type="submit" kind="primary" pending={save.isPending} disabledReason={may ?? (same ? "Nothing has changed" : !form.values.workspace_name.trim() && "Give it a name")}>Save</Button></div>
      </Form>
    </Card>
  );
}

function Unpriced({ settings, may }: { settings: SettingsView; may: string | null }) {
  const form = useForm({ unpriced: settings.unpriced, input: settings.ceiling_input_usd_per_million ?? "", output: settings.ceiling_output_usd_per_million ?? "" });
  const save = useSave("how unpriced models are handled");
  const e = fieldErrors(save.error);
  const v = form.values;
  const [input, output] = [readUsdInput(v.input), readUsdInput(v.output)];
  const needs = v.unpriced === "ceiling" && (input === null || output === null);
  const same = v.unpriced === settings.unpriced && v.input === (settings.ceiling_input_usd_per_million ?? "") && v.output === (settings.ceiling_output_usd_per_million ?? "");
  const body: UpdateSettingsBody = { unpriced: v.unpriced, ceiling_input_usd_per_million: v.unpriced === "ceiling" ? input : null, ceiling_output_usd_per_million: v.unpriced === "ceiling" ? output : null };
  return (
    <Card title="Models without a known price" lede="Never counted as free.">
      <Form className="form" onSubmit={() => save.mutate(body)}>
        <Radios label="When a call asks for one" columns value={v.unpriced} onChange={(unpriced) => form.set({ unpriced })} error={e.unpriced} options={[
          { id: "refuse", label: "Refuse the call", note: "Nothing is spent that cannot be counted" },
          { id: "ceiling", label: "Count it at a ceiling rate", note: "Budgets stay safe; the real cost is at most this" },
        ]} />
        {v.unpriced === "ceiling" && (
          <div className="two">
            <TextField label="Input, USD a million tokens" {...form.bind("input")} inputMode="decimal" error={v.input && input === null ? "An amount such as 15 or 2.50." : e.ceiling_input_usd_per_million} />
            <TextField label="Output, USD a million tokens" {...form.bind("output")} inputMode="decimal" error={v.output && output === null ? "An amount such as 75 or 10.50." : e.ceiling_output_usd_per_million} />
          </div>
        )}
        {!!save.error && Object.keys(e).length === 0 && <FormError error={save.error} />}
        <div className="row"><Button type="submit" kind="primary" pending={save.isPending} disabledReason={may ?? (same ? "Nothing has changed" : needs && "Enter both rates")}>Save</Button></div>
      </Form>
    </Card>
  );
}

function Theme() {
  const choice = useSyncExternalStore(onTheme, themeChoice);
  return (
    <Card title="Appearance" lede="On this computer only">
      <Radios<ThemeChoice> label="Theme" columns value={choice} onChange={setTheme} options={[{ id: "system", label: "As the system" }, { id: "light", label: "Light" }, { id: "dark", label: "Dark" }]} />
    </Card>
  );
}

function Sample({ may }: { may: string | null }) {
  const client = useQueryClient();
  const sample = useQuery(sampleQuery);
  const [asking, setAsking] = useState(false);
  const refresh = () => void client.invalidateQueries({ predicate: (q) => q.queryKey[0] !== "me" });
  const load = useMutation({
    mutationFn: () => take(api.POST("/sample")),
    onSuccess: (n) => {
      refresh();
      toast({ title: "Loaded the sample data", detail: `${plural(n.tenants, "tenant")}, ${plural(n.usage_records, "usage record")}` });
    },
  });
  const remove = useMutation({
    mutationFn: () => take(api.DELETE("/sample")),
    onSuccess: (n) => {
      refresh();
      setAsking(false);
      toast({ title: "Removed the sample data", detail: `${plural(n.tenants, "tenant")}, ${plural(n.usage_records, "usage record")}` });
    },
  });
  const loaded = sample.data?.loaded;
  return (
    <Card title="Sample data" lede="Five made-up tenants with 90 days of usage, budgets and one odd day, all marked as sample.">
      {!!load.error && <FormError error={load.error} />}
      <div className="row">
        {loaded
          ? <Button onPress={() => setAsking(true)} disabledReason={may}>Remove sample data</Button>
          : <Button onPress={() => load.mutate()} pending={load.isPending} disabledReason={may ?? (!sample.data && "Still loading")}>Load sample data</Button>}
        {load.isPending && <span className="dim" role="status">Writing the records</span>}
      </div>
      {asking && <Confirm title="Remove the sample data?" act="Remove" pending={remove.isPending} error={remove.error} onConfirm={() => remove.mutate()} onClose={() => setAsking(false)}>Its tenants, budgets and usage go. What is yours stays, and the audit trail keeps its entries.</Confirm>}
    </Card>
  );
}

function Gateway({ url }: { url: string | null }) {
  const model = useExampleModel();
  return (
    <Card title="Gateway" lede="Point your programs here instead of at the provider.">
      <div className="stackv">
        {url && <div className="row">Address <span className="mono strong">{url}</span><CopyButton value={url} what="gateway address" /></div>}
        <Snippets url={url} model={model} />
      </div>
    </Card>
  );
}

export function SettingsPage() {
  const query = useQuery(settingsQuery);
  const may = useMay("settings:write");
  const s = query.data;
  return (
    <Page title="Settings">
      <div className="page narrow">
        {query.isError ? <ErrorState of={query} what="Settings" /> : !s ? <SkeletonRows rows={10} /> : (
          <>
            <Workspace key={s.workspace_name + s.time_zone} settings={s} may={may} />
            <Unpriced key={s.unpriced + String(s.ceiling_input_usd_per_million) + String(s.ceiling_output_usd_per_million)} settings={s} may={may} />
            <Gateway url={s.gateway_url} />
            <WitnessesCard />
            <Theme />
            <Sample may={may} />
            <Card title="About">
              <Properties wide items={[["Version", <span key="v" className="mono">{s.version}</span>], ["Data directory", <Id key="d" value={s.data_dir} what="data directory" full />], ["Licence", "MIT or Apache 2.0, as you choose"]]} />
            </Card>
          </>
        )}
      </div>
    </Page>
  );
}
