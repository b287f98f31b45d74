import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { AuditEntryDetail } from "@/api";
import { ErrorState, Id, Inspector, Outcome, Properties, Section, SkeletonRows, TimeAgo, useZone } from "@/components";
import { formatCount, formatDuration, groupedHash, shortHash } from "@/lib/number";
import { absolute } from "@/lib/time";
import { Chip, Code, CopyButton, Dialog } from "@/ui";
import { auditEntryQuery, auditProofQuery, historyQuery, type ResourceRef } from "./queries";

const VIA: Record<string, string> = { ui: "this window", api: "the API", gateway: "the gateway", cli: "the command line", system: "Reeve itself" };
const show = (value: unknown): string => (typeof value === "string" ? value : value == null ? "none" : JSON.stringify(value));

export function Diff({ changes }: { changes: AuditEntryDetail["changes"] }) {
  return (
    <div className="diff">
      {changes.map((c) => (
        <div key={c.field} style={{ padding: 0 }}>
          {c.before !== undefined && c.before !== null && <div className="m"><span aria-hidden="true">- </span><span className="sr">Before, </span>{c.field}: {show(c.before)}</div>}
          {c.after !== undefined && <div className="p"><span aria-hidden="true">+ </span><span className="sr">After, </span>{c.field}: {show(c.after)}</div>}
        </div>
      ))}
    </div>
  );
}

function Proof({ entry }: { entry: AuditEntryDetail }) {
  const proof = useQuery(auditProofQuery(entry.id));
  const [raw, setRaw] = useState(false);
  const hash = (name: string, value: string) => (
    <span className="row" style={{ gap: 6 }}><span style={{ width: 32 }}>{name}</span><span title={value}>{groupedHash(value)}</span><CopyButton value={value} what={`${name} hash`} /></span>
  );
  return (
    <>
      <div className="proof">
        <span className="row">
          {proof.data ? <Chip tone="ok">in the ledger</Chip> : proof.isError ? <Chip tone="warn">not proven yet</Chip> : <Chip>checking</Chip>}
          {proof.data && `entry ${formatCount(entry.sequence)} of ${formatCount(proof.data.tree_size)}`}
        </span>
        {hash("leaf", entry.leaf_hash)}
        {proof.data && hash("root", proof.data.root)}
        {proof.data && <span>{proof.data.hashes.length} hashes lead from leaf to root</span>}
      </div>
      <div className="row" style={{ marginTop: 8 }}>
        <button type="button" className="linkish" onClick={() => setRaw(true)}>Show the raw leaf</button>
        {proof.data && <CopyButton value={JSON.stringify(proof.data, null, 2)} what="proof" text="Copy proof" />}
      </div>
      {raw && (
        <Dialog title={`Raw leaf of entry ${formatCount(entry.sequence)}`} onClose={() => setRaw(false)} wide>
          <div className="content">
            <p className="dim">These exact bytes were hashed into the ledger. Anyone can hash them again and compare.</p>
            <Code what="raw leaf" wrapped>{entry.leaf}</Code>
            <div className="proof">{hash("leaf", entry.leaf_hash)}</div>
          </div>
        </Dialog>
      )}
    </>
  );
}

function SameResource({ entry, onSelect, onOpen }: { entry: AuditEntryDetail; onSelect: (id: string) => void; onOpen: (of: ResourceRef) => void }) {
  const r = entry.resource;
  const history = useQuery({ ...historyQuery({ resource_type: r?.type, resource_id: r?.id, tenant_id: ofApplication(entry) ? entry.tenant?.id : undefined }, 7), enabled: !!r });
  const others = (history.data?.items ?? []).filter((e) => e.id !== entry.id);
  if (!r || others.length === 0) return null;
  return (
    <Section title="Same resource" beside={<button type="button" className="linkish" onClick={() => onOpen(refOf(entry, r))}>{ofApplication(entry) ? "History and links" : "History"}</button>}>
      <dl className="kv">
        {others.slice(0, 6).map((e) => (
          <div key={e.id} style={{ display: "contents" }}>
            <dt><TimeAgo at={e.time} /></dt>
            <dd><button type="button" className="linkish plain mono" onClick={() => onSelect(e.id)}>{e.event_type}</button> <span className="faint">{e.actor.name}</span></dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}

type Thing = NonNullable<AuditEntryDetail["resource"]>;
const ofApplication = (e: AuditEntryDetail) => e.event_type.startsWith("app.");
const refOf = (e: AuditEntryDetail, r: Thing): ResourceRef => ({ type: r.type, id: r.id, tenant: ofApplication(e) ? e.tenant?.id : undefined });

/** A thing that leads to its history. */
function ThingLink({ of, onOpen }: { of: Thing; onOpen: () => void }) {
  return <>{of.type.toLowerCase().replaceAll(/[_-]/g, " ")} <button type="button" className="linkish" title="Its history" onClick={onOpen}>{of.name ?? "its history"}</button> <Id value={of.id} what="resource id" /></>;
}

export function EntryInspector({ id, onClose, onSelect, onOpen, onActor }: { id: string; onClose: () => void; onSelect: (id: string) => void; onOpen: (of: ResourceRef) => void; onActor: (id: string) => void }) {
  const query = useQuery(auditEntryQuery(id));
  const zone = useZone();
  const e = query.data;
  if (query.isError) return <Inspector label="Audit entry" title={id} onClose={onClose}><ErrorState of={query} what="This entry" tight /></Inspector>;
  if (!e) return <Inspector label="Audit entry" title={<span className="faint">Entry</span>} onClose={onClose}><SkeletonRows rows={9} widths={["30%", "50%"]} /></Inspector>;
  const metadata = Object.entries(e.metadata);
  const where: [string, React.ReactNode][] = [
    ["When", absolute(e.time, zone)],
    ["Actor", <><button type="button" className="linkish" title="Everything by this actor" onClick={() => onActor(e.actor.id)}>{e.actor.name}</button> <span className="faint">{e.actor.type.replace("_", " ")}</span></>],
    ["Through", VIA[e.via] ?? e.via],
    ["Outcome", <Outcome key="o" value={e.outcome} />],
  ];
  const { resource, related, project } = e;
  if (e.occurred_at) where.splice(1, 0, ["Happened", <span key="h" title="By the clock of the application that wrote it">{absolute(e.occurred_at, zone)}</span>]);
  if (resource) where.push(["Resource", <ThingLink key="r" of={resource} onOpen={() => onOpen(refOf(e, resource))} />]);
  if (related) where.push([e.action === "UNLINK" ? "Unlinked from" : "Linked to", <ThingLink key="l" of={related} onOpen={() => onOpen(refOf(e, related))} />]);
  if (project) where.push(["Project", <button key="p" type="button" className="linkish" onClick={() => onOpen({ type: "PROJECT", id: project, tenant: e.tenant?.id })}>{project}</button>]);
  if (e.tenant) where.push(["Tenant", e.tenant.name]);
  if (e.session_id) where.push(["Session", <Id key="s" value={e.session_id} what="session id" />]);
  if (e.ip) where.push(["Address", <span key="i" className="mono">{e.ip}</span>]);
  if (e.user_agent) where.push(["Program", e.user_agent]);
  if (e.duration_ms != null) where.push(["Took", formatDuration(e.duration_ms)]);
  if (e.trace_id) where.push(["Trace", <Id key="t" value={e.trace_id} what="trace id" />]);
  if (e.request_id) where.push(["Request", <span key="r" className="mono">{shortHash(e.request_id, 8, 4)}</span>]);
  return (
    <Inspector label={`Audit entry ${e.sequence}`} title={<span className="mono">{e.event_type}</span>} subtitle={`${e.actor.name}: ${e.summary}`} onClose={onClose}>
      {e.changes.length > 0 && <Section title="Change"><Diff changes={e.changes} /></Section>}
      <Section title="Who and where"><Properties items={where} /></Section>
      {metadata.length > 0 && <Section title="Also recorded"><Properties items={metadata.map(([k, v]) => [k.replaceAll("_", " "), <span key={k} className="mono">{show(v)}</span>])} /></Section>}
      <Section title="Proof"><Proof entry={e} /></Section>
      <SameResource entry={e} onSelect={onSelect} onOpen={onOpen} />
    </Inspector>
  );
}
