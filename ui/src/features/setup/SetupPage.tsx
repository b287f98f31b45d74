import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { CreatedApiKey, CredentialView, TenantView } from "@/api";
import { setupQuery, useSetup, VaultNotice } from "@/components";
import { Mark } from "@/ui";
import { AdminStep } from "./AdminStep";
import { ApiKeyStep } from "./ApiKeyStep";
import { RecoveryStep } from "./RecoveryStep";
import { ProviderStep } from "./ProviderStep";
import { TenantStep } from "./TenantStep";

export interface SetupSearch {
  step?: 2 | 3 | 4 | 5;
}
const route = getRouteApi("/setup");
const STEPS = ["Workspace", "Recovery code", "First tenant", "Provider key", "Your API key"];

export function SetupPage() {
  const { step = 2 }: SetupSearch = route.useSearch();
  const go = route.useNavigate();
  const leave = useNavigate();
  const client = useQueryClient();
  const setup = useSetup();
  const [tenant, setTenant] = useState<TenantView | null>(null);
  const [credential, setCredential] = useState<CredentialView | null>(null);
  const [made, setMade] = useState<CreatedApiKey | null>(null);
  // A reload in the middle loses what was made in memory; the steps after the first need the tenant.
  const at = setup.state === "needs_admin" ? 1 : step >= 4 && !tenant ? 3 : step;
  const finish = useMutation({
    mutationFn: () => client.invalidateQueries(),
    onSettled: () => void leave({ to: "/" }),
  });
  const to = (next: 2 | 3 | 4 | 5) => void go({ search: { step: next }, replace: true });
  return (
    <main className="full">
      <title>Set up – Reeve</title>
      <div className="brand"><Mark size={30} />Reeve</div>
      <ol className="steps" aria-label="Steps">
        {STEPS.map((s, i) => <li key={s} aria-current={i + 1 === at ? "step" : undefined} className={i + 1 < at ? "done" : ""}>{i + 1}. {s}{i + 1 < at && <span className="sr">, done</span>}</li>)}
      </ol>
      <div className="panel">
        {setup.vault.state === "locked" && <div style={{ paddingBottom: 0 }}><VaultNotice vault={setup.vault} box /></div>}
        {at === 1 && <AdminStep setup={setup} onDone={async () => { await client.invalidateQueries({ queryKey: setupQuery.queryKey }); to(2); }} />}
        {at === 2 && <RecoveryStep locked={setup.vault.state === "locked"} onDone={() => to(3)} />}
        {at === 3 && <TenantStep onDone={(t) => { setTenant(t); to(4); }} onSample={() => finish.mutate()} />}
        {at === 4 && <ProviderStep locked={setup.vault.state === "locked"} onDone={(c) => { setCredential(c); void client.invalidateQueries({ queryKey: ["credentials"] }); to(5); }} />}
        {at === 5 && tenant && <ApiKeyStep tenant={tenant} credential={credential} made={made} onMade={setMade} url={setup.gateway_url} onDone={() => finish.mutate()} />}
      </div>
    </main>
  );
}
