import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { api, errorWords, take, type CredentialView, type ProbeView } from "@/api";
import { Confirm, ErrorState, Id, Kpi, Page, SkeletonRows, TimeAgo, useMay, useNow, useSetup } from "@/components";
import { formatCount, plural } from "@/lib/number";
import { Button, Chip, Empty, Hint, toast } from "@/ui";
import { KeyEdit } from "./KeyEdit";
import { KeyForm } from "./KeyForm";
import { credentialsQuery, providersQuery } from "./queries";

export interface KeysSearch {
  new?: boolean;
}
const route = getRouteApi("/app/keys");
const DAY = 86_400_000;
type Result = { ok: boolean; text: string };
const probeWords = (p: ProbeView): string => (p.ok ? `Works${p.models_count == null ? "" : `, ${plural(p.models_count, "model")} reachable`}` : `${p.message}${p.status === null ? "" : ` (HTTP ${p.status})`}`);

function Revoke({ credential, onClose }: { credential: CredentialView; onClose: () => void }) {
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: () => take(api.POST("/credentials/{id}/revoke", { params: { path: { id: credential.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["credentials"] });
      toast({ title: `Revoked ${credential.provider} / ${credential.name}` });
      onClose();
    },
  });
  return (
    <Confirm title={`Revoke ${credential.provider} / ${credential.name}?`} act="Revoke" type={{ text: credential.last4, of: "last four characters" }} pending={run.isPending} error={run.error} onConfirm={() => run.mutate()} onClose={onClose}>
      The gateway stops using this key at once; calls that only it can serve are refused. Revoke it at the provider too, as Reeve cannot do that for you. Its last four characters are <span className="mono">{credential.last4}</span>.
    </Confirm>
  );
}

/** In use, and whether calls really go to it. */
function State({ of: c }: { of: CredentialView }) {
  if (c.state === "revoked") return <Chip>Revoked</Chip>;
  if (c.breaker === "closed") return <Chip tone="ok">Active</Chip>;
  return <Hint text={c.breaker_reason ?? ""}><Chip tone={c.breaker === "open" ? "bad" : "warn"}>{c.breaker === "open" ? "Kept from calls" : "Being tried again"}</Chip></Hint>;
}

function Row({ credential: c, provider, vaultLocked, may, onEdit, onRevoke }: { credential: CredentialView; provider: string; vaultLocked: boolean; may: string | null; onEdit: () => void; onRevoke: () => void }) {
  const client = useQueryClient();
  const probe = useMutation({
    mutationFn: () => take(api.POST("/credentials/{id}/probe", { params: { path: { id: c.id } } })),
    onSuccess: () => void client.invalidateQueries({ queryKey: ["credentials"] }),
  });
  const result: Result | null = probe.data ? { ok: probe.data.ok, text: probeWords(probe.data) } : probe.error ? { ok: false, text: errorWords(probe.error) } : null;
  const gone = c.state === "revoked" && "It is revoked";
  const locked = vaultLocked && "The vault is locked";
  return (
    <tr>
      <td className="strong">{provider}</td>
      <td className="mono">{c.name}</td>
      <td><Id value={c.fingerprint} what="fingerprint" /></td>
      <td className="mono faint">…{c.last4}</td>
      <td className="dim">{c.models.length === 0 ? "all" : <Hint text={c.models.join(", ")}>{plural(c.models.length, "model")}</Hint>}</td>
      <td className="num">{c.state === "current" && c.priority}</td>
      <td className="num">{c.state === "current" && c.weight}</td>
      <td className="dim"><TimeAgo at={c.last_used_at} /></td>
      <td className="dim"><TimeAgo at={c.created_at} /></td>
      <td><State of={c} /></td>
      <td style={{ maxWidth: 220 }}><span role="status" className="row">{probe.isPending ? <span className="faint">Testing</span> : result && <span title={result.text} className="clip"><Chip tone={result.ok ? "ok" : "bad"}>{result.ok ? "works" : "failed"}</Chip> <span className="dim">{result.text}</span></span>}</span></td>
      <td className="num">
        <span className="row end">
          <Button small label={`Test key ${c.name} of ${provider}`} onPress={() => probe.mutate()} pending={probe.isPending} disabledReason={gone || locked || may}>Test key</Button>
          <Button small label={`Edit ${c.name} of ${provider}`} onPress={onEdit} disabledReason={gone || may}>Edit</Button>
          <Button small label={`Revoke ${c.name} of ${provider}`} onPress={onRevoke} disabledReason={gone || may}>Revoke</Button>
        </span>
      </td>
    </tr>
  );
}

function Figures({ items, vault }: { items: CredentialView[]; vault: string }) {
  const now = useNow();
  const live = items.filter((c) => c.state === "current");
  const oldest = live.reduce<CredentialView | undefined>((a, c) => (!a || c.created_at < a.created_at ? c : a), undefined);
  const used = live.reduce<CredentialView | undefined>((a, c) => (c.last_used_at && c.last_used_at > (a?.last_used_at ?? "") ? c : a), undefined);
  const age = oldest ? Math.floor((now - Date.parse(oldest.created_at)) / DAY) : null;
  return (
    <div className="kpis four">
      <Kpi label="Provider keys" unit={`live, ${formatCount(items.length - live.length)} revoked`}>{formatCount(live.length)}</Kpi>
      <Kpi label="Oldest live key" unit={oldest ? `${oldest.provider} / ${oldest.name}` : undefined}>{age === null ? "–" : plural(Math.max(0, age), "day")}</Kpi>
      <Kpi label="Last used" unit={used ? `${used.provider} / ${used.name}` : undefined}>{used ? <TimeAgo at={used.last_used_at} /> : "–"}</Kpi>
      <Kpi label="Vault" note="Keys leave it only towards their provider.">{vault === "unlocked" ? "Unlocked" : "Locked"}</Kpi>
    </div>
  );
}

export function KeysPage() {
  const search: KeysSearch = route.useSearch();
  const navigate = route.useNavigate();
  const list = useQuery(credentialsQuery);
  const providers = useQuery(providersQuery);
  const { vault } = useSetup();
  const may = useMay("credential:write");
  const [editing, setEditing] = useState<CredentialView | null>(null);
  const [revoking, setRevoking] = useState<CredentialView | null>(null);
  const locked = vault.state === "locked";
  const open = (on: boolean) => void navigate({ search: on ? { new: true } : {}, replace: true });
  const add = <Button kind="primary" onPress={() => open(true)} disabledReason={may ?? (locked && "The vault is locked, so nothing can be stored in it")}>Add a provider key</Button>;
  const nameOf = (id: string) => providers.data?.items.find((p) => p.id === id)?.name ?? id;
  const items = list.data?.items ?? [];
  return (
    <Page title="Keys" actions={add}>
      <div className="page">
        {list.isError ? <ErrorState of={list} what="Provider keys" /> : (
          <>
            <Figures items={items} vault={vault.state} />
            <section className="card">
              <header><h2>Provider keys</h2><span className="dim clip">Keys are entered once. Only fingerprints leave the vault.</span></header>
              {list.isPending ? <SkeletonRows rows={5} /> : items.length === 0 ? (
                <Empty level={3} title="No provider keys yet" action={add}>The gateway needs a key of OpenAI, Anthropic or another provider to pass calls on. Tenants never see it.</Empty>
              ) : (
                <div style={{ overflowX: "auto" }}>
                  <table className="t" style={{ marginTop: 4 }}>
                    <thead><tr><th>Provider</th><th>Name</th><th>Fingerprint</th><th>Ends in</th><th>Models</th><th className="num" title="Keys with a lower number go first">Priority</th><th className="num" title="Share of the calls among keys of one priority">Weight</th><th>Last used</th><th>Added</th><th>State</th><th>Test</th><th><span className="sr">Act</span></th></tr></thead>
                    <tbody>{items.map((c) => <Row key={c.id} credential={c} provider={nameOf(c.provider)} vaultLocked={locked} may={may} onEdit={() => setEditing(c)} onRevoke={() => setRevoking(c)} />)}</tbody>
                  </table>
                </div>
              )}
            </section>
          </>
        )}
      </div>
      {search.new && <KeyForm onClose={() => open(false)} onDone={() => undefined} />}
      {editing && <KeyEdit credential={editing} onClose={() => setEditing(null)} />}
      {revoking && <Revoke credential={revoking} onClose={() => setRevoking(null)} />}
    </Page>
  );
}
