import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { api, errorWords, take, type DefaultLimitView, type LimitNumbers, type LimitView } from "@/api";
import { Confirm, ErrorState, Kpi, Page, SkeletonRows, TimeAgo, useMay, useTenantsAlone } from "@/components";
import { formatCount } from "@/lib/number";
import { Button, Empty, toast } from "@/ui";
import { Buckets } from "./Buckets";
import { DefaultForm, LimitForm } from "./LimitForm";
import { limitRefusalsQuery, limitsQuery, numberWords, refusedByScope, SCOPE_NOTES, SCOPE_WORDS, SCOPES } from "./queries";

export interface LimitsSearch {
  new?: boolean;
}
const route = getRouteApi("/app/limits");
const same = (a: LimitNumbers, b: LimitNumbers) => a.requests_per_minute === b.requests_per_minute && a.tokens_per_minute === b.tokens_per_minute && a.burst === b.burst && a.concurrent_requests === b.concurrent_requests;

function Numbers({ of, own }: { of: LimitNumbers; own?: LimitNumbers }) {
  const cell = (field: keyof LimitNumbers) => <td className={`num${own && own[field] == null ? " faint" : ""}`} title={own && own[field] == null ? "As the default" : undefined}>{numberWords(of[field], "–")}</td>;
  return <>{cell("requests_per_minute")}{cell("tokens_per_minute")}{cell("burst")}{cell("concurrent_requests")}</>;
}
const NumberHeads = () => <><th className="num">Requests a minute</th><th className="num">Tokens a minute</th><th className="num">At one moment</th><th className="num">On their way</th></>;

function Refusals() {
  const query = useQuery(limitRefusalsQuery);
  const hour = refusedByScope(query.data?.hour ?? []);
  const day = refusedByScope(query.data?.day ?? []);
  if (query.isError) return <ErrorState of={query} what="Refusals" tight />;
  return (
    <div className="kpis" role="group" aria-label="Refused by rate limits">
      {SCOPES.map((scope) => (
        <Kpi key={scope} label={`Refused: ${SCOPE_WORDS[scope]}`} unit="in the last hour" note={query.data ? `${formatCount(day[scope])} in 24 hours` : undefined}>{query.data ? formatCount(hour[scope]) : "–"}</Kpi>
      ))}
    </div>
  );
}

function Defaults({ items, may }: { items: DefaultLimitView[]; may: string | null }) {
  const client = useQueryClient();
  const [editing, setEditing] = useState<DefaultLimitView | null>(null);
  const reset = useMutation({
    mutationFn: (d: DefaultLimitView) => take(api.DELETE("/limits/defaults/{scope}", { params: { path: { scope: d.scope } } })),
    onSuccess: (_, d) => {
      void client.invalidateQueries({ queryKey: ["limits"] });
      toast({ title: `Back to the built-in default: ${SCOPE_WORDS[d.scope]}` });
    },
    onError: (error) => toast({ title: "Not changed", detail: errorWords(error), bad: true }),
  });
  return (
    <section className="card">
      <header><h2>Defaults</h2><span className="dim clip">hold for everybody without a limit of their own</span></header>
      <div style={{ overflowX: "auto" }}>
        <table className="t">
          <thead><tr><th>Kind</th><th>Counts</th><NumberHeads /><th><span className="sr">Actions</span></th></tr></thead>
          <tbody>
            {items.map((d) => (
              <tr key={d.scope}>
                <td className="strong">{SCOPE_WORDS[d.scope]}</td>
                <td className="dim">{SCOPE_NOTES[d.scope]}</td>
                <Numbers of={d.limits} />
                <td className="num"><span className="row end">
                  {!same(d.limits, d.built_in) && <Button small kind="ghost" label={`Reset the default: ${SCOPE_WORDS[d.scope]}`} onPress={() => reset.mutate(d)} pending={reset.isPending && reset.variables?.scope === d.scope} disabledReason={may}>Reset</Button>}
                  <Button small label={`Edit the default: ${SCOPE_WORDS[d.scope]}`} onPress={() => setEditing(d)} disabledReason={may}>Edit</Button>
                </span></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {editing && <DefaultForm of={editing} onClose={() => setEditing(null)} />}
    </section>
  );
}

function Remove({ limit, onClose }: { limit: LimitView; onClose: () => void }) {
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: () => take(api.DELETE("/limits/{id}", { params: { path: { id: limit.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["limits"] });
      toast({ title: `Removed the limit of ${limit.name}` });
      onClose();
    },
  });
  return <Confirm title={`Remove the limit of ${limit.name}?`} act="Remove" pending={run.isPending} error={run.error} onConfirm={() => run.mutate()} onClose={onClose}>The default of its kind holds again at once.</Confirm>;
}

function Own({ items, may, create }: { items: LimitView[]; may: string | null; create: React.ReactNode }) {
  const [editing, setEditing] = useState<LimitView | null>(null);
  const [removing, setRemoving] = useState<LimitView | null>(null);
  return (
    <section className="card">
      <header><h2>Limits of their own</h2><span className="dim clip">faint numbers are those of the default</span></header>
      {items.length === 0 ? (
        <Empty level={3} tight title="Everybody has the defaults" action={create}>Give one tenant, API key, user, model or network address more or less than the rest.</Empty>
      ) : (
        <div style={{ overflowX: "auto" }}>
          <table className="t">
            <thead><tr><th>Who</th><th>Kind</th><NumberHeads /><th>Changed</th><th><span className="sr">Actions</span></th></tr></thead>
            <tbody>
              {items.map((l) => (
                <tr key={l.id}>
                  <td className="strong clip" title={l.subject}>{l.name}{l.scope === "api_key" && <span className="faint"> {l.tenant_name}</span>}</td>
                  <td className="dim">{SCOPE_WORDS[l.scope]}</td>
                  <Numbers of={l.limits} own={l.own} />
                  <td className="dim"><TimeAgo at={l.updated_at} /></td>
                  <td className="num"><span className="row end">
                    <Button small label={`Edit the limit of ${l.name}`} onPress={() => setEditing(l)} disabledReason={may}>Edit</Button>
                    <Button small label={`Remove the limit of ${l.name}`} onPress={() => setRemoving(l)} disabledReason={may}>Remove</Button>
                  </span></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {editing && <LimitForm limit={editing} onClose={() => setEditing(null)} />}
      {removing && <Remove limit={removing} onClose={() => setRemoving(null)} />}
    </section>
  );
}

export function LimitsPage() {
  const search: LimitsSearch = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay("limit:write");
  const alone = useTenantsAlone("limit:read");
  const list = useQuery(limitsQuery);
  const open = (on: boolean) => void navigate({ search: on ? { new: true } : {}, replace: true });
  const create = <Button kind="primary" onPress={() => open(true)} disabledReason={may}>New limit</Button>;
  return (
    <Page title="Limits" actions={create}>
      <div className="page">
        {!alone && <><Refusals /><Buckets /></>}
        {list.isError ? <ErrorState of={list} what="Limits" /> : !list.data ? <section className="card"><SkeletonRows rows={6} /></section> : (
          <>
            <Own items={list.data.items} may={may} create={create} />
            <Defaults items={list.data.defaults} may={may} />
          </>
        )}
      </div>
      {search.new && <LimitForm onClose={() => open(false)} />}
    </Page>
  );
}
