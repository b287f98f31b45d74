import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { ErrorState, SkeletonRows, TimeAgo } from "@/components";
import { Button, Chip, Empty } from "@/ui";
import { keyScopeWords, KEY_STATE } from "./ApiKeys";
import { allKeysQuery } from "./queries";

/** API keys of all tenants, or those that one made: to find one, and the tenant where it is looked after. */
export function AllKeys({ own, title, note, empty }: { own?: boolean; title: string; note: string; empty: ReactNode }) {
  const list = useInfiniteQuery(allKeysQuery(own ? "me" : null));
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="card">
      <header><h2>{title}</h2><span className="dim">{note}</span></header>
      {list.isPending ? <SkeletonRows rows={3} /> : list.isError ? <ErrorState of={list} what={title} tight /> : items.length === 0 ? <Empty title="No API keys" level={3}>{empty}</Empty> : (
        <div className="scroll-x">
          <table className="t">
            <thead><tr><th>Name</th><th>Tenant</th><th>Starts with</th><th>For</th><th>State</th><th>Last used</th><th>Created</th></tr></thead>
            <tbody>
              {items.map((k) => (
                <tr key={k.id}>
                  <td className="strong">{k.name}</td>
                  <td><Link className="rowlink" to="/tenants/$id" params={{ id: k.tenant_id }} search={{ tab: "keys" }}>{k.tenant_name ?? k.tenant_id}</Link></td>
                  <td className="mono dim">{k.prefix}…</td><td className="dim">{keyScopeWords(k)}</td>
                  <td><Chip tone={KEY_STATE[k.state][0]}>{KEY_STATE[k.state][1]}</Chip></td>
                  <td className="dim"><TimeAgo at={k.last_used_at} /></td><td className="dim"><TimeAgo at={k.created_at} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {list.hasNextPage && <div className="body"><Button onPress={() => void list.fetchNextPage()} pending={list.isFetchingNextPage}>Show more</Button></div>}
    </section>
  );
}
