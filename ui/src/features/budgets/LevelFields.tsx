import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { credentialsQuery } from "@/features/keys";
import { api, take } from "@/api";
import { apiKeysQuery, useTenantOptions } from "@/features/tenants";
import { Button, ComboBox, Select, SuggestBox, TextField } from "@/ui";
import { ALL_TENANTS, mayHaveTenant, needsTenant, type BudgetDraft } from "./draft";
import { PoolForm } from "./Pools";
import { poolsQuery } from "./queries";

const SCOPES: { id: BudgetDraft["scope"]; label: string }[] = [
  { id: "workspace", label: "Whole workspace" },
  { id: "tenant", label: "One tenant" },
  { id: "api_key", label: "One API key" },
  { id: "user", label: "One end user" },
  { id: "model", label: "One model" },
  { id: "tag", label: "One tag" },
  { id: "pool", label: "A pool of provider keys" },
];
interface Props {
  draft: BudgetDraft;
  set: (patch: Partial<BudgetDraft>) => void;
  errors: Record<string, string>;
}

/** Models that people are likely to mean: those a key names, and those that were used lately. */
function useModelNames(on: boolean): string[] {
  const keys = useQuery({ ...credentialsQuery, enabled: on });
  const used = useQuery({
    queryKey: ["usage", "summary", "models", 30], enabled: on, staleTime: 60_000,
    queryFn: ({ signal }) => take(api.GET("/usage/summary", { params: { query: { group_by: "model", days: 30 } }, signal })),
  });
  const named = (keys.data?.items ?? []).flatMap((c) => c.models);
  return [...new Set([...(used.data?.items ?? []).map((i) => i.label), ...named])].sort((a, b) => a.localeCompare(b));
}

function KeyPicker({ draft, set, errors }: Props) {
  const tenant = draft.tenant_id && draft.tenant_id !== ALL_TENANTS ? draft.tenant_id : "";
  const list = useQuery({ ...apiKeysQuery(tenant), enabled: tenant !== "" });
  const keys = (list.data?.items ?? []).filter((k) => k.state === "active").map((k) => ({ id: k.id, label: k.name, note: k.prefix }));
  if (!tenant) return <p className="dim">Its keys can be chosen once the tenant is.</p>;
  if (list.isSuccess && keys.length === 0) return <p className="dim">This tenant has no active key. Mint one on its page first.</p>;
  return <Select label="API key" value={draft.target || null} onChange={(target) => set({ target })} options={keys} error={errors.target} />;
}

function PoolPicker({ draft, set, errors }: Props) {
  const [making, setMaking] = useState(false);
  const list = useQuery(poolsQuery);
  const pools = (list.data?.items ?? []).map((p) => ({ id: p.id, label: p.name, note: `${p.credential_ids.length} keys` }));
  return (
    <>
      {pools.length > 0 && <Select label="Pool" value={draft.target || null} onChange={(target) => set({ target })} options={pools} error={errors.target} />}
      <div className="row"><Button small onPress={() => setMaking(true)}>New pool</Button><span className="dim">{pools.length === 0 && list.isSuccess && "A pool names provider keys that share one account."}</span></div>
      {making && <PoolForm onClose={() => setMaking(false)} onDone={(pool) => set({ target: pool.id })} />}
    </>
  );
}

/** Where in the tree a new budget stands. */
export function LevelFields(props: Props) {
  const { draft, set, errors } = props;
  const tenants = useTenantOptions();
  const models = useModelNames(draft.scope === "model");
  const own = needsTenant(draft.scope);
  const options = own ? tenants : [{ id: ALL_TENANTS, label: "All tenants" }, ...tenants];
  return (
    <>
      <Select label="For" value={draft.scope} onChange={(scope) => set({ scope, target: "", tenant_id: needsTenant(scope) && draft.tenant_id === ALL_TENANTS ? null : draft.tenant_id })} options={SCOPES} error={errors.scope} />
      {mayHaveTenant(draft.scope) && <ComboBox key={own ? "own" : "any"} label={own ? "Tenant" : "Whose calls"} value={draft.tenant_id ?? (own ? null : ALL_TENANTS)} onChange={(tenant_id) => set({ tenant_id, ...(draft.scope === "api_key" ? { target: "" } : {}) })} options={options} error={errors.tenant_id} />}
      {draft.scope === "api_key" && <KeyPicker {...props} />}
      {draft.scope === "pool" && <PoolPicker {...props} />}
      {draft.scope === "user" && <TextField label="End user" value={draft.target} onChange={(target) => set({ target })} error={errors.target} hint="As the calls name them in the field user." required />}
      {draft.scope === "tag" && <TextField label="Tag" value={draft.target} onChange={(target) => set({ target })} error={errors.target} hint="As the calls name it in the header x-reeve-tags." required />}
      {draft.scope === "model" && <SuggestBox label="Model" mono value={draft.target} onChange={(target) => set({ target })} suggestions={models} error={errors.target} hint="As the price list spells it." required />}
    </>
  );
}
