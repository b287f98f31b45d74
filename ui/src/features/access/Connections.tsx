import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, take, type ConnectionView } from "@/api";
import { Confirm, ErrorState, SkeletonRows, TimeAgo, useMay } from "@/components";
import { programWords } from "@/features/profile";
import { allKeysQuery } from "@/features/tenants";
import { Button, Empty, MenuButton, toast } from "@/ui";
import { connectionsQuery, peopleQuery } from "./queries";
import { SigningKey } from "./SigningKey";
import { scopeWords } from "./words";

function useWho(): (c: ConnectionView) => string {
  const people = useQuery(peopleQuery).data?.items;
  const keys = useInfiniteQuery(allKeysQuery(null)).data?.pages.flatMap((page) => page.items);
  const keyName = (id: string) => keys?.find((k) => k.id === id)?.name ?? id.slice(-6);
  return (c) => (c.user_id ? (people?.find((p) => p.id === c.user_id)?.name ?? "Somebody who is gone") : c.api_key_id ? `API key ${keyName(c.api_key_id)}` : "Nobody known");
}

function Cut({ of, who, onClose }: { of: ConnectionView; who: string; onClose: () => void }) {
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: () => take(api.DELETE("/connections/{id}", { params: { path: { id: of.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["people", "connections"] });
      onClose();
      toast({ title: `Cut the connection of ${who}` });
    },
  });
  return <Confirm title={`Cut the connection of ${who}?`} act="Cut" pending={run.isPending} error={run.error} onConfirm={() => run.mutate()} onClose={onClose}>It ends at once; an open page connects again by itself. To keep somebody out, end their sessions or disable them, under People; to keep a program out, revoke its key.</Confirm>;
}

/** Who hears live what happens. */
export function Connections() {
  const [scope, setScope] = useState("");
  const all = useQuery(connectionsQuery(null));
  const list = useQuery(connectionsQuery(scope || null));
  const may = useMay("session:write");
  const who = useWho();
  const [cutting, setCutting] = useState<ConnectionView | null>(null);
  const scopes = [...new Set(all.data?.items.flatMap((c) => c.scopes))].sort();
  return (
    <div className="page">
      <section className="card">
        <header>
          <h2>Live connections</h2><span className="dim">Pages and programs that hear at once when something changes.</span>
          <span className="push"><MenuButton label={<><span className="dim">hears of</span> {scope ? scopeWords(scope) : "anything"}</>} ariaLabel={`Hears of ${scope ? scopeWords(scope) : "anything"}`} items={[{ id: "any", label: "Anything" }, ...scopes.map((id) => ({ id, label: scopeWords(id) }))]} selected={scope || "any"} onAction={(id) => setScope(id === "any" ? "" : id)} /></span>
        </header>
        {list.isPending ? <SkeletonRows rows={3} /> : list.isError ? <ErrorState of={list} what="Connections" tight /> : list.data.items.length === 0 ? (
          <Empty title="Nobody listens" level={3}>{scope ? "Nobody hears of that." : "Open pages listen as long as they are open."}</Empty>
        ) : (
          <div className="scroll-x">
            <table className="t">
              <thead><tr><th>Who</th><th>With</th><th>From</th><th>Hears of</th><th>Since</th><th><span className="sr">Act</span></th></tr></thead>
              <tbody>
                {list.data.items.map((c) => (
                  <tr key={c.id}>
                    <td className="strong">{who(c)}</td><td className="dim" title={c.program ?? undefined}>{programWords(c.program)}</td><td className="dim mono">{c.ip ?? "this computer"}</td>
                    <td className="dim" title={c.scopes.map(scopeWords).join(", ")}>{c.scopes.length === 0 ? "that something changed" : c.scopes.length === 1 ? scopeWords(c.scopes[0] ?? "") : `${String(c.scopes.length)} things`}</td>
                    <td className="dim"><TimeAgo at={c.since} /></td>
                    <td className="num"><Button small label={`Cut the connection of ${who(c)}`} onPress={() => setCutting(c)} disabledReason={may}>Cut</Button></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
      <SigningKey />
      {cutting && <Cut of={cutting} who={who(cutting)} onClose={() => setCutting(null)} />}
    </div>
  );
}
