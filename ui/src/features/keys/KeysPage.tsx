import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { api, take, type CredentialView } from "@/api";
import { Confirm, Day, ErrorState, Kpi, Page, SkeletonRows, useMay, useNow, useSetup, useZone } from "@/components";
import { formatCount, plural } from "@/lib/number";
import { monthName } from "@/lib/time";
import { Button, Empty, toast } from "@/ui";
import { AdminKeys } from "./AdminKeys";
import { RotationHistory, Versions } from "./History";
import { KeyEdit } from "./KeyEdit";
import { KeyForm } from "./KeyForm";
import { KeyRow, type KeyAct } from "./KeyRow";
import { credentialsQuery, useProviderName } from "./queries";
import { RotateForm } from "./RotateForm";
import { RotationCard } from "./RotationCard";
import { RotationSettings } from "./RotationSettings";
import { AHEAD, BACK } from "./Timeline";
import { DAY } from "./words";

export interface KeysSearch {
  new?: boolean;
}
const route = getRouteApi("/app/keys");

function Revoke({ credential: c, provider, onClose }: { credential: CredentialView; provider: string; onClose: () => void }) {
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: () => take(api.POST("/credentials/{id}/revoke", { params: { path: { id: c.id } }, body: { last4: c.last4 } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["credentials"] });
      toast({ title: `Revoked ${provider} / ${c.name}` });
      onClose();
    },
  });
  return (
    <Confirm title={`Revoke ${provider} / ${c.name}?`} act="Revoke" type={{ text: c.last4, of: "last four characters" }} pending={run.isPending} error={run.error} onConfirm={() => run.mutate()} onClose={onClose}>
      The gateway stops using this key at once; calls that only it can serve are refused. {c.policy.automatic ? "Keys that Reeve had made are deleted at the provider; one that was pasted you delete there." : "Delete it at the provider too, as Reeve cannot do that for you."} Its last four characters are <span className="mono">{c.last4}</span>.
    </Confirm>
  );
}

function Figures({ items, vault, nameOf }: { items: CredentialView[]; vault: string; nameOf: (id: string) => string }) {
  const now = useNow();
  const live = items.filter((c) => c.state === "current");
  const grace = live.filter((c) => c.versions.some((v) => v.state === "grace")).length;
  const next = live.reduce<CredentialView | undefined>((a, c) => (c.due && (!a?.due || c.due.at < a.due.at) ? c : a), undefined);
  const oldest = live.reduce<CredentialView | undefined>((a, c) => (!a || c.promoted_at < a.promoted_at ? c : a), undefined);
  const age = oldest ? Math.max(0, Math.floor((now - Date.parse(oldest.promoted_at)) / DAY)) : null;
  const limit = oldest && oldest.policy.period_days > 0 ? `limit ${oldest.policy.period_days}` : undefined;
  return (
    <div className="kpis four">
      <Kpi label="Provider keys" unit={grace ? `live, ${formatCount(grace)} in grace` : `live, ${formatCount(items.length - live.length)} revoked`}>{formatCount(live.length)}</Kpi>
      <Kpi label="Next rotation" unit={next ? `${nameOf(next.provider)} / ${next.name}` : "none is due"}>{next?.due ? <Day at={next.due.at} /> : "–"}</Kpi>
      <Kpi label="Oldest live key" unit={limit}>{age === null ? "–" : plural(age, "day")}</Kpi>
      <Kpi label="Vault" note="Keys leave it only towards their provider.">{vault === "unlocked" ? "Unlocked" : "Locked"}</Kpi>
    </div>
  );
}

export function KeysPage() {
  const search: KeysSearch = route.useSearch();
  const navigate = route.useNavigate();
  const list = useQuery(credentialsQuery);
  const { vault } = useSetup();
  const [now, zone, may] = [useNow(), useZone(), useMay("credential:write")];
  const [acting, setActing] = useState<{ on: CredentialView; act: KeyAct } | null>(null);
  const [sheet, setSheet] = useState<"history" | "admin" | null>(null);
  const locked = vault.state === "locked";
  const open = (on: boolean) => void navigate({ search: on ? { new: true } : {}, replace: true });
  const add = <Button kind="primary" onPress={() => open(true)} disabledReason={may ?? (locked && "The vault is locked, so nothing can be stored in it")}>Add a provider key</Button>;
  const actions = <><Button onPress={() => setSheet("admin")}>Admin keys</Button><Button onPress={() => setSheet("history")}>Rotation history</Button>{add}</>;
  const nameOf = useProviderName();
  const items = list.data?.items ?? [];
  const close = () => setActing(null);
  const month = (ms: number) => monthName(new Date(ms).toISOString(), zone).slice(0, 3);
  const of = acting && { credential: acting.on, provider: nameOf(acting.on.provider), onClose: close };
  return (
    <Page title="Keys" actions={actions}>
      <div className="page">
        {list.isError ? <ErrorState of={list} what="Provider keys" /> : (
          <>
            <Figures items={items} vault={vault.state} nameOf={nameOf} />
            <section className="card">
              <header><h2>Provider keys</h2><span className="dim clip">Keys are shown once, on entry. Only fingerprints leave the vault.</span><span className="push" /><span className="dim">{month(now - BACK)} – {month(now + AHEAD)}</span></header>
              {list.isPending ? <SkeletonRows rows={5} /> : items.length === 0 ? (
                <Empty level={3} title="No provider keys yet" action={add}>The gateway needs a key of OpenAI, Anthropic or another provider to pass calls on. Tenants never see it.</Empty>
              ) : (
                <div style={{ overflowX: "auto" }}>
                  <table className="t keys" style={{ marginTop: 4 }}>
                    <thead><tr><th>Provider</th><th>Name</th><th>Version</th><th>Fingerprint</th><th>Ends in</th><th>Models</th><th>Last used</th><th>State</th><th>Versions over time</th><th><span className="sr">Act</span></th></tr></thead>
                    <tbody>{items.map((c) => <KeyRow key={c.id} credential={c} provider={nameOf(c.provider)} vaultLocked={locked} may={may} act={(act) => setActing({ on: c, act })} />)}</tbody>
                  </table>
                </div>
              )}
            </section>
            {items.map((c) => c.rotation && <RotationCard key={c.rotation.id} rotation={c.rotation} credential={c} provider={nameOf(c.provider)} may={may} />)}
          </>
        )}
      </div>
      {search.new && <KeyForm onClose={() => open(false)} onDone={() => undefined} />}
      {sheet === "history" && <RotationHistory onClose={() => setSheet(null)} />}
      {sheet === "admin" && <AdminKeys may={may} onClose={() => setSheet(null)} />}
      {of && acting.act === "edit" && <KeyEdit {...of} />}
      {of && acting.act === "revoke" && <Revoke {...of} />}
      {of && acting.act === "rotate" && <RotateForm {...of} />}
      {of && acting.act === "settings" && <RotationSettings {...of} />}
      {of && acting.act === "versions" && <Versions of={of.credential} provider={of.provider} onClose={close} />}
    </Page>
  );
}
