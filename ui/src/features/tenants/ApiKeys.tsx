import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, fieldErrors, take, type ApiKeyView, type KeyScope, type CreatedApiKey, type TenantView } from "@/api";
import { Confirm, ErrorState, KeyShownOnce, SideForm, SkeletonRows, TimeAgo, useForm, useMay, useSetup } from "@/components";
import { Button, Checks, Chip, CopyButton, Empty, MenuButton, TextField, toast, type Tone } from "@/ui";
import { EndPrevious, Previous, RotateKey } from "./KeyRotation";
import { apiKeysQuery, useExampleModel } from "./queries";

export const KEY_STATE: Record<ApiKeyView["state"], [Tone, string]> = { active: ["ok", "Active"], revoked: ["none", "Revoked"], expired: ["warn", "Expired"] };

const SCOPES: { id: KeyScope; label: string; short: string; note: string }[] = [
  { id: "gateway:call", label: "Make calls", short: "calls", note: "Through the gateway, within budgets and limits" },
  { id: "audit:write", label: "Write audit entries", short: "audit entries", note: "Its own, into the audit trail; it reads nothing" },
  { id: "event:read", label: "Listen live", short: "live events", note: "Hears when charges of its tenant are written; reads nothing" },
];

export const keyScopeWords = (key: ApiKeyView): string => SCOPES.filter((s) => key.scopes.includes(s.id)).map((s) => s.short).join(", ");

function CreateKey({ tenant, onClose, onDone }: { tenant: TenantView; onClose: () => void; onDone: (made: CreatedApiKey) => void }) {
  const client = useQueryClient();
  const form = useForm({ name: "", expires: "", scopes: ["gateway:call"] as string[] });
  const save = useMutation({
    mutationFn: () => take(api.POST("/tenants/{id}/api-keys", { params: { path: { id: tenant.id } }, body: { name: form.values.name.trim(), expires_at: form.values.expires ? new Date(form.values.expires).toISOString() : null, scopes: SCOPES.map((s) => s.id).filter((id) => form.values.scopes.includes(id)) } })),
    onSuccess: (made) => {
      void client.invalidateQueries({ queryKey: ["tenants", "api-keys", tenant.id] });
      onClose();
      onDone(made);
    },
    gcTime: 0,
  });
  const e = fieldErrors(save.error);
  // Nobody gives a key what they may not do themselves.
  const mayGive: Record<string, string | null> = { "gateway:call": useMay("gateway:call", tenant.id), "audit:write": useMay("audit:write", tenant.id), "event:read": useMay("usage:read", tenant.id) };
  const beyond = form.values.scopes.map((s) => mayGive[s]).find(Boolean);
  return (
    <SideForm title={`New API key for ${tenant.name}`} submit="Create key" onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={["name", "expires_at", "scopes"]} blocked={(!form.values.name.trim() && "Give it a name first") || (form.values.scopes.length === 0 && "Say what it is for") || beyond}>
      <TextField label="Name" {...form.bind("name")} error={e.name} hint="What uses it, such as checkout-service" autoFocus required />
      <TextField label="Expires" type="datetime-local" {...form.bind("expires")} error={e.expires_at} hint="Left empty, it works until revoked." />
      <Checks label="It may" value={form.values.scopes} onChange={(scopes) => form.set({ scopes })} error={e.scopes} options={SCOPES} />
    </SideForm>
  );
}

function RevokeKey({ tenant, apiKey, onClose }: { tenant: TenantView; apiKey: ApiKeyView; onClose: () => void }) {
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: () => take(api.POST("/tenants/{id}/api-keys/{key_id}/revoke", { params: { path: { id: tenant.id, key_id: apiKey.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["tenants", "api-keys", tenant.id] });
      toast({ title: `Revoked ${apiKey.name}` });
      onClose();
    },
  });
  return (
    <Confirm title={`Revoke ${apiKey.name}?`} act="Revoke" type={{ text: apiKey.name, of: "name" }} pending={run.isPending} error={run.error} onConfirm={() => run.mutate()} onClose={onClose}>
      Whatever is sent with this key is refused from now on. This cannot be undone; make a new key instead.
    </Confirm>
  );
}

export function ApiKeys({ tenant }: { tenant: TenantView }) {
  const list = useQuery(apiKeysQuery(tenant.id));
  const setup = useSetup();
  const model = useExampleModel();
  const may = useMay("api_key:write", tenant.id);
  const [creating, setCreating] = useState(false);
  const [made, setMade] = useState<CreatedApiKey | null>(null);
  const [acting, setActing] = useState<{ act: string; on: ApiKeyView } | null>(null);
  const on = (act: string) => (acting?.act === act ? acting.on : null);
  const done = () => setActing(null);
  const [rotating, ending, revoking] = [on("rotate"), on("end"), on("revoke")];
  const blocked = may ?? (tenant.status === "archived" ? "The tenant is archived" : null);
  const create = <Button kind="primary" onPress={() => setCreating(true)} disabledReason={blocked}>New API key</Button>;
  return (
    <div className="page">
      <section className="card">
        <header><h2>API keys</h2><span className="dim">What programs of {tenant.name} send with each call. A key is shown once, when it is made.</span>{list.data && list.data.items.length > 0 && <span className="push">{create}</span>}</header>
        {list.isPending ? <SkeletonRows /> : list.isError ? <ErrorState of={list} what="API keys" tight /> : list.data.items.length === 0 ? (
          <Empty title="No API keys yet" level={3} action={create}>Programs need a key to make calls through the gateway.</Empty>
        ) : (
          <table className="t">
            <thead><tr><th>Name</th><th>Starts with</th><th>For</th><th>State</th><th>Last used</th><th>Created</th><th>Expires</th><th><span className="sr">Act</span></th></tr></thead>
            <tbody>
              {list.data.items.map((k) => (
                <tr key={k.id}>
                  <td><span className="strong">{k.name}</span>{k.previous && <Previous of={k.previous} />}</td>
                  <td><span className="row" style={{ gap: 2 }}><span className="mono dim">{k.prefix}…</span><CopyButton value={k.prefix} what="key prefix" /></span></td>
                  <td className="dim">{keyScopeWords(k)}</td>
                  <td><Chip tone={KEY_STATE[k.state][0]}>{KEY_STATE[k.state][1]}</Chip></td>
                  <td className="dim"><TimeAgo at={k.last_used_at} /></td><td className="dim"><TimeAgo at={k.created_at} /></td><td className="dim"><TimeAgo at={k.expires_at} /></td>
                  <td className="num"><span className="row end">
                    <Button small label={`Rotate ${k.name}`} onPress={() => setActing({ act: "rotate", on: k })} disabledReason={blocked ?? (k.state !== "active" && `It is ${k.state} already`)}>Rotate</Button>
                    <MenuButton kind="icon" label={null} ariaLabel={`More for ${k.name}`} onAction={(act) => setActing({ act, on: k })} items={[
                      ...(k.previous ? [{ id: "end", label: "End the old secret now", disabled: !!may }] : []),
                      { id: "revoke", label: "Revoke", disabled: !!may || k.state !== "active" },
                    ]} />
                  </span></td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
      {creating && <CreateKey tenant={tenant} onClose={() => setCreating(false)} onDone={setMade} />}
      {made && <KeyShownOnce name={made.api_key.name} secret={made.secret} url={setup.gateway_url} model={model} calls={made.api_key.scopes.includes("gateway:call")} onClose={() => setMade(null)} />}
      {rotating && <RotateKey tenant={tenant} apiKey={rotating} onClose={done} onDone={setMade} />}
      {ending && <EndPrevious tenant={tenant} apiKey={ending} onClose={done} />}
      {revoking && <RevokeKey tenant={tenant} apiKey={revoking} onClose={done} />}
    </div>
  );
}
