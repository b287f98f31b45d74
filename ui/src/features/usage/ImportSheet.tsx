import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState, type DragEvent } from "react";
import { api, errorWords, take, type ImportField, type ImportMapping, type ImportView } from "@/api";
import { Money, Properties, useZone } from "@/components";
import { useTenantOptions } from "@/features/tenants";
import { csvHeader, guessColumn } from "@/lib/csv";
import { formatBytes, formatCount, plural } from "@/lib/number";
import { dayAndYear, dayKey } from "@/lib/time";
import { platform } from "@/platform";
import { Button, Chip, Notice, Select, Sheet, TextField, toast } from "@/ui";

interface Source {
  name: string;
  size: number;
  csv: string | null;
  path: string | null;
  columns: string[];
}
interface Choice {
  /** A column name, or "" for a constant value. */
  column: string | null;
  value: string;
}
const FIELDS = ["time", "tenant", "model", "input_tokens", "output_tokens", "cache_read_tokens", "provider"] as const;
type Field = (typeof FIELDS)[number];
const WORDS: Record<Field, string> = { time: "Time", tenant: "Tenant", model: "Model", input_tokens: "Input tokens", output_tokens: "Output tokens", cache_read_tokens: "Tokens read from cache", provider: "Provider" };
const OPTIONAL = new Set<Field>(["cache_read_tokens", "provider"]);
/** What a browser sends in one piece: the server takes 64 MiB, and line ends grow on the way. */
const MOST_BYTES = 60_000_000;
const CONSTANT = "\u0000constant";
const NONE = "\u0000none";
type Choices = Record<Field, Choice>;

const startChoices = (columns: string[]): Choices =>
  Object.fromEntries(FIELDS.map((f) => [f, { column: guessColumn(f, columns) ?? (OPTIONAL.has(f) ? NONE : f === "tenant" ? CONSTANT : null), value: "" }])) as Choices;
const toField = ({ column, value }: Choice): ImportField | null =>
  column === null || column === NONE ? null : column === CONSTANT ? (value.trim() ? { value: value.trim() } : null) : { column };
function toMapping(c: Choices): ImportMapping | null {
  const [time, tenant, model, input, output] = [toField(c.time), toField(c.tenant), toField(c.model), toField(c.input_tokens), toField(c.output_tokens)];
  if (!time || !tenant || !model || !input || !output) return null;
  return { time, tenant, model, input_tokens: input, output_tokens: output, cache_read_tokens: toField(c.cache_read_tokens), provider: toField(c.provider) };
}
/** For a file that only the window can read, columns come from a first preview whose mapping cannot match anything. */
const PROBE: ImportMapping = { time: { value: "2000-01-01" }, tenant: { value: "-" }, model: { value: "-" }, input_tokens: { value: "0" }, output_tokens: { value: "0" }, cache_read_tokens: null, provider: null };

function ChooseFile({ onSource }: { onSource: (source: Source) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const [tooLarge, setTooLarge] = useState<File | null>(null);
  const native = platform.capabilities.nativeFilePicker;
  const read = useMutation({
    mutationFn: async (file: File): Promise<Source> => {
      const csv = await file.text();
      return { name: file.name, size: file.size, csv, path: null, columns: csvHeader(csv) };
    },
    onSuccess: onSource,
  });
  const pick = useMutation({
    mutationFn: async (): Promise<Source | null> => {
      const file = await platform.pickImportFile();
      if (!file) return null;
      const view = await take(api.POST("/usage/import", { body: { name: file.name, csv: null, path: file.path, mapping: PROBE, preview: true } }));
      return { ...file, csv: null, columns: view.columns };
    },
    onSuccess: (source) => source && onSource(source),
  });
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file) open(file);
  };
  // What is too large for the server is not read into memory first.
  const open = (file: File) => {
    setTooLarge(file.size > MOST_BYTES ? file : null);
    if (file.size <= MOST_BYTES) read.mutate(file);
  };
  return (
    <div className="content">
      <div className={`drop${over ? " over" : ""}`} role="group" aria-label="File to import" onDragOver={(e) => { e.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)} onDrop={drop}>
        <span className="strong">Drop a CSV file here</span>
        <span>A provider&apos;s usage export, or any table with a time, a model and token counts.</span>
        <Button kind="primary" pending={read.isPending || pick.isPending} onPress={() => (native ? pick.mutate() : input.current?.click())}>Choose a file</Button>
        <input ref={input} type="file" accept=".csv,text/csv" className="sr" aria-label="CSV file" tabIndex={-1} onChange={(e) => e.target.files?.[0] && open(e.target.files[0])} />
      </div>
      {tooLarge ? <Notice tone="bad" box>{tooLarge.name} has {formatBytes(tooLarge.size)}; a browser can send at most {formatBytes(MOST_BYTES)}. Split it, or import it on the server with <span className="mono">reeve-server usage import</span>.</Notice>
        : read.error ? <Notice tone="bad" box>The file cannot be read here: {read.error.message}</Notice>
        : !!pick.error && <Notice tone="bad" box>{errorWords(pick.error)}</Notice>}
      <p className="dim">Nothing is stored until you have seen a preview. Importing the same rows again changes nothing.</p>
    </div>
  );
}

function MapColumns({ source, choices, onChange }: { source: Source; choices: Choices; onChange: (next: Choices) => void }) {
  const tenants = useTenantOptions();
  const options = (f: Field) => [...source.columns.map((c) => ({ id: c, label: c })), { id: CONSTANT, label: "The same for every row" }, ...(OPTIONAL.has(f) ? [{ id: NONE, label: "Not in this file" }] : [])];
  const put = (f: Field, patch: Partial<Choice>) => onChange({ ...choices, [f]: { ...choices[f], ...patch } });
  return (
    <div className="two">
      {FIELDS.map((f) => (
        <div className="stackv" style={{ gap: 6 }} key={f}>
          <Select label={WORDS[f]} value={choices[f].column} onChange={(column) => put(f, { column })} options={options(f)} placeholder="Choose a column" />
          {choices[f].column === CONSTANT && (f === "tenant" && tenants.length > 0
            ? <Select label="Tenant for every row" value={choices[f].value || null} onChange={(value) => put(f, { value })} options={tenants} />
            : <TextField label={`${WORDS[f]} for every row`} value={choices[f].value} onChange={(value) => put(f, { value })} />)}
        </div>
      ))}
    </div>
  );
}

function Errors({ view, choices }: { view: ImportView; choices: Choices }) {
  const columnOf = (field: string | null) => (field === null ? "–" : choices[field as Field]?.column?.replace(CONSTANT, "").replace(NONE, "") || field.replaceAll("_", " "));
  if (view.error_count === 0) return null;
  return (
    <section>
      <Notice tone="bad" box>{plural(view.error_count, "row")} cannot be read. Nothing is imported until every row can.{view.error_count > view.errors.length && ` The first ${view.errors.length} are listed.`}</Notice>
      <table className="t" style={{ marginTop: 8 }}>
        <thead><tr><th>Line</th><th>Column</th><th>What is wrong</th></tr></thead>
        <tbody>{view.errors.map((e, i) => <tr key={i}><td className="num mono" style={{ width: 60 }}>{formatCount(e.line)}</td><td className="mono">{columnOf(e.column)}</td><td style={{ whiteSpace: "normal" }}>{e.message}</td></tr>)}</tbody>
      </table>
    </section>
  );
}
function Figures({ view }: { view: ImportView }) {
  const zone = useZone();
  return (
    <Properties items={[
      ["Rows", formatCount(view.rows)], ["New", formatCount(view.new_rows)],
      ["Duplicates", view.duplicate_rows === 0 ? "none" : `${formatCount(view.duplicate_rows)}, already in the ledger and left as they are`],
      ["Cost of new", <Money key="c" usd={view.cost_usd} />],
      ["Period", view.from && view.to ? <span key="p">{dayAndYear(view.from, zone)}{dayKey(view.from, zone) !== dayKey(view.to, zone) && ` to ${dayAndYear(view.to, zone)}`}</span> : <span key="p" className="faint">none</span>],
    ]} />
  );
}
function Sample({ view }: { view: ImportView }) {
  if (view.sample.length === 0) return null;
  return (
    <section className="card">
      <header><h2>First rows, as Reeve reads them</h2></header>
      <table className="t">
        <thead><tr><th>Time</th><th>Tenant</th><th>Model</th><th className="num">Tokens in</th><th className="num">Tokens out</th><th className="num">Cost</th></tr></thead>
        <tbody>{view.sample.map((r, i) => <tr key={i}><td className="mono">{r.time}</td><td>{r.tenant}</td><td className="mono">{r.model}</td><td className="num">{formatCount(r.input_tokens)}</td><td className="num">{formatCount(r.output_tokens)}</td><td className="num">{r.cost_usd === null ? <Chip tone="warn">unpriced</Chip> : <Money usd={r.cost_usd} />}</td></tr>)}</tbody>
      </table>
    </section>
  );
}

export function ImportSheet({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [source, setSource] = useState<Source | null>(null);
  const [choices, setChoices] = useState<Choices | null>(null);
  const send = (preview: boolean) => {
    const mapping = choices && toMapping(choices);
    if (!source || !mapping) throw new Error("a mapping is chosen before sending");
    return take(api.POST("/usage/import", { body: { name: source.name, csv: source.csv, path: source.path, mapping, preview } }));
  };
  const preview = useMutation({ mutationFn: () => send(true) });
  const run = useMutation({
    mutationFn: () => send(false),
    onSuccess: (view) => {
      if (view.state !== "imported") return;
      for (const key of ["usage", "tenants", "budgets", "overview"]) void client.invalidateQueries({ queryKey: [key] });
      toast({ title: `Imported ${source?.name ?? "the file"}`, detail: `${plural(view.new_rows, "new record")}, ${plural(view.duplicate_rows, "duplicate")}` });
    },
  });
  const begin = (next: Source) => {
    setSource(next);
    setChoices(startChoices(next.columns));
  };
  const change = (next: Choices) => {
    setChoices(next);
    preview.reset();
    run.reset();
  };
  const view = run.data ?? preview.data;
  const done = run.data?.state === "imported";
  const ready = preview.data?.state === "preview" && preview.data.error_count === 0;
  const error = run.error ?? preview.error;
  return (
    <Sheet title="Import usage" onClose={onClose} wide>
      {!source || !choices ? <ChooseFile onSource={begin} /> : (
        <>
          <div className="content">
            <div className="row"><span className="strong">{source.name}</span><span className="dim">{formatBytes(source.size)}, {plural(source.columns.length, "column")}</span>{!done && <span className="push"><Button small onPress={() => { setSource(null); preview.reset(); run.reset(); }}>Another file</Button></span>}</div>
            {done && run.data ? <Notice tone="info" icon="check" box>Imported. {plural(run.data.new_rows, "new record")} in the ledger{run.data.duplicate_rows > 0 && `, ${plural(run.data.duplicate_rows, "duplicate")} left as they were`}.</Notice> : <MapColumns source={source} choices={choices} onChange={change} />}
            {!!error && <Notice tone="bad" box>{errorWords(error)}</Notice>}
            {view && <div className="stackv" role="status" aria-label="Preview"><Errors view={view} choices={choices} /><Figures view={view} /><Sample view={view} /></div>}
          </div>
          <footer>
            {done ? <Button kind="primary" onPress={onClose}>Done</Button> : (
              <>
                <Button onPress={onClose}>Cancel</Button>
                <Button kind={ready ? "plain" : "primary"} onPress={() => preview.mutate()} pending={preview.isPending} disabledReason={!toMapping(choices) && "Choose a column or a value for every field first"}>Preview</Button>
                <Button kind={ready ? "primary" : "plain"} onPress={() => run.mutate()} pending={run.isPending} disabledReason={!ready ? (preview.data ? "Some rows cannot be read" : "Preview the rows first") : preview.data?.new_rows === 0 && "Every row is in the ledger already"}>{ready && preview.data ? `Import ${plural(preview.data.new_rows, "record")}` : "Import"}</Button>
              </>
            )}
          </footer>
        </>
      )}
    </Sheet>
  );
}
