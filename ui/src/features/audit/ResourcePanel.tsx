import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { AuditLinkView } from "@/api";
import { ErrorState, Id, Inspector, Outcome, Section, SkeletonRows, TimeAgo } from "@/components";
import { plural } from "@/lib/number";
import { Button, Empty } from "@/ui";
import { Diff } from "./EntryInspector";
import { resourceQuery, type ResourceRef } from "./queries";

/** A kind of thing in words: PROJECT and api_key alike. */
export const kindWords = (type: string) => type.toLowerCase().replaceAll(/[_-]/g, " ");
const WAY: Record<AuditLinkView["direction"], string> = { to: "to", from: "from" };

function Links({ links, more, onOpen }: { links: AuditLinkView[]; more: boolean; onOpen: (of: ResourceRef) => void }) {
  return (
    <Section title="Linked now">
      {links.length === 0 ? <p className="faint">To nothing.</p> : (
        <dl className="kv">
          {links.map((l) => (
            <div key={`${l.direction} ${l.resource.type} ${l.resource.id} ${l.tenant_id}`} style={{ display: "contents" }}>
              <dt>{WAY[l.direction]} {kindWords(l.resource.type)}</dt>
              <dd className="row" style={{ gap: 8, minWidth: 0 }}>
                <button type="button" className="linkish clip" onClick={() => onOpen({ type: l.resource.type, id: l.resource.id, tenant: l.tenant_id ?? undefined })}>{l.resource.name ?? l.resource.id}</button>
                <span className="faint push"><TimeAgo at={l.since} /></span>
              </dd>
            </div>
          ))}
        </dl>
      )}
      {more && <p className="faint">The newest 200 are shown.</p>}
    </Section>
  );
}

/** What happened to one thing over time, and what it is linked to; both lead on. */
export function ResourcePanel({ of, onClose, onEntry, onOpen, onFilter }: { of: ResourceRef; onClose: () => void; onEntry: (id: string) => void; onOpen: (of: ResourceRef) => void; onFilter: () => void }) {
  const [inside, setInside] = useState(of.type === "PROJECT");
  const query = useInfiniteQuery(resourceQuery(of, inside));
  const pages = query.data?.pages;
  const items = pages?.flatMap((p) => p.items) ?? [];
  const first = pages?.[0];
  const own = of.type === of.type.toLowerCase();
  const name = first?.resource?.name ?? of.id;
  return (
    <Inspector label={`History of ${kindWords(of.type)} ${name}`} title={name} subtitle={`${kindWords(of.type)}${items[0]?.tenant ? ` of ${items[0].tenant.name}` : ""}`} onClose={onClose}>
      <Section title="Resource">
        <div className="row"><Id value={of.id} what="resource id" /><span className="push"><button type="button" className="linkish" onClick={onFilter}>Show in the list</button></span></div>
      </Section>
      {first && !own && <Links links={first.links} more={first.more_links} onOpen={onOpen} />}
      <Section title={inside ? "What happened to it and in it" : "What happened to it"} beside={of.type === "PROJECT" ? <button type="button" className="linkish" onClick={() => setInside(!inside)}>{inside ? "Only to it" : "Also in it"}</button> : undefined}>
        {query.isError ? <ErrorState of={query} what="This history" tight /> : query.isPending ? <SkeletonRows rows={6} widths={["30%", "50%"]} /> : items.length === 0 ? (
          <Empty title="No entry names it" tight level={3}>It may have been written about under another tenant, or in another way.</Empty>
        ) : (
          <ol className="story">
            {items.map((e) => (
              <li key={e.id}>
                <div className="row" style={{ gap: 8 }}>
                  <button type="button" className="linkish plain clip" onClick={() => onEntry(e.id)}>{e.summary}</button>
                  {e.outcome !== "success" && <Outcome value={e.outcome} />}
                  <span className="faint push"><TimeAgo at={e.time} /></span>
                </div>
                <div className="faint">{e.actor.name}{inside && e.resource && e.resource.id !== of.id ? ` · ${kindWords(e.resource.type)}` : ""}</div>
                {e.changes.length > 0 && <Diff changes={e.changes} />}
              </li>
            ))}
          </ol>
        )}
        {query.hasNextPage && <Button small pending={query.isFetchingNextPage} onPress={() => void query.fetchNextPage()}>Show earlier</Button>}
        {items.length > 0 && !query.hasNextPage && <p className="faint" role="status">{plural(items.length, "entry", "entries")}, from the first on.</p>}
      </Section>
    </Inspector>
  );
}
