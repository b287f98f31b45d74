import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { api, take, type CredentialView, type RouteView } from "@/api";
import { Confirm, ErrorState, Page, SkeletonRows, TimeAgo, useMay } from "@/components";
import { callKeysQuery } from "@/features/keys";
import { Button, Chip, Empty, Hint, toast } from "@/ui";
import { BreakerCard } from "./BreakerCard";
import { KeyHealth } from "./KeyHealth";
import { isServed, retriesWords, routesQuery, wordsOfTarget } from "./queries";
import { RouteForm } from "./RouteForm";

export interface RoutesSearch {
  new?: boolean;
  route?: string;
  breaker?: boolean;
}
const page = getRouteApi("/app/routing");

function Remove({ route, onClose }: { route: RouteView; onClose: () => void }) {
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: () => take(api.DELETE("/routes/{id}", { params: { path: { id: route.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["routes"] });
      toast({ title: `Removed the route of ${route.model}` });
      onClose();
    },
  });
  return (
    <Confirm title={`Remove the route of ${route.model}?`} act="Remove" type={{ text: route.model, of: "model" }} pending={run.isPending} error={run.error} onConfirm={() => run.mutate()} onClose={onClose}>
      Calls for {route.model} then go to whichever key serves a model of that name. Where none does, they are refused.
    </Confirm>
  );
}

function Targets({ route, keys }: { route: RouteView; keys: CredentialView[] | undefined }) {
  return (
    <ol className="hops">
      {route.targets.map((t, i) => {
        const key = t.credential_id ? keys?.find((k) => k.id === t.credential_id) : undefined;
        return (
          <li key={i}>
            <span className="mono">{t.provider}/{t.model}</span>
            {t.credential_id && <span className="faint">with {key?.name ?? (keys ? "a key that is gone" : "one key")}</span>}
            <Chip plain>{wordsOfTarget(t, route.targets, i)}</Chip>
            {keys && !isServed(t, keys) && <Hint text="Calls pass this target over: no live provider key serves it."><Chip tone="warn">no key</Chip></Hint>}
          </li>
        );
      })}
    </ol>
  );
}

function Routes({ create }: { create: React.ReactNode }) {
  const list = useQuery(routesQuery);
  const keys = useQuery(callKeysQuery);
  const navigate = page.useNavigate();
  const may = useMay("route:write");
  const [removing, setRemoving] = useState<RouteView | null>(null);
  return (
    <section className="card">
      <header><h2>Routes</h2><span className="dim">Calls for a model without a route go to any key that serves it, and nowhere else when that fails.</span></header>
      {list.isPending ? <SkeletonRows rows={4} /> : list.isError ? <ErrorState of={list} what="Routes" tight /> : list.data.items.length === 0 ? (
        <Empty level={3} title="No routes yet" action={create}>A route gives a model, or a name of your own such as <span className="mono">fast</span>, its targets: which provider is asked first, what is tried again, and who steps in when it fails.</Empty>
      ) : (
        <div style={{ overflowX: "auto" }}>
          <table className="t routes">
            <thead><tr><th>Asked for</th><th>For calls of</th><th>Goes to</th><th>Tries</th><th>Changed</th><th><span className="sr">Act</span></th></tr></thead>
            <tbody>
              {list.data.items.map((r) => (
                <tr key={r.id}>
                  <td className="mono strong">{r.model}</td>
                  <td className="dim">{r.tenant_id ? (r.tenant_name ?? "Removed tenant") : "all tenants"}</td>
                  <td><Targets route={r} keys={keys.data?.items} /></td>
                  <td className="dim">{retriesWords(r.retries)}</td>
                  <td className="dim"><TimeAgo at={r.updated_at} /></td>
                  <td className="num">
                    <span className="row end">
                      <Button small label={`Edit the route of ${r.model}`} onPress={() => void navigate({ search: { route: r.id }, replace: true })} disabledReason={may}>Edit</Button>
                      <Button small label={`Remove the route of ${r.model}`} onPress={() => setRemoving(r)} disabledReason={may}>Remove</Button>
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {removing && <Remove route={removing} onClose={() => setRemoving(null)} />}
    </section>
  );
}

export function RoutesPage() {
  const search: RoutesSearch = page.useSearch();
  const navigate = page.useNavigate();
  const may = useMay("route:write");
  const list = useQuery(routesQuery);
  const close = () => void navigate({ search: {}, replace: true });
  const create = <Button kind="primary" onPress={() => void navigate({ search: { new: true }, replace: true })} disabledReason={may}>New route</Button>;
  const edited = list.data?.items.find((r) => r.id === search.route);
  return (
    <Page title="Routing" actions={create}>
      <div className="page">
        <KeyHealth />
        <BreakerCard open={!!search.breaker} onOpen={() => void navigate({ search: { breaker: true }, replace: true })} onClose={close} />
        <Routes create={create} />
      </div>
      {search.new && <RouteForm onClose={close} />}
      {edited && <RouteForm key={edited.id} route={edited} onClose={close} />}
    </Page>
  );
}
