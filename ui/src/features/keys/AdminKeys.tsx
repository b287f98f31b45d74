import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, fieldErrors, take, type ControlCredentialView } from "@/api";
import { Confirm, ErrorState, SideForm, SkeletonRows, TimeAgo, useForm } from "@/components";
import { Button, Empty, MenuButton, Notice, Select, Sheet, TextField, toast } from "@/ui";
import { controlOf, isFilledIn, OWN_KINDS, type Kind } from "./kinds";
import { controlCredentialsQuery, providersQuery, useProviderName } from "./queries";

/** A new admin key, or another in the place of one. */
function AdminKeyForm({ of, onClose }: { of: ControlCredentialView | null; onClose: () => void }) {
  const client = useQueryClient();
  const providers = useQuery(providersQuery);
  const form = useForm<{ name: string; provider: string | null; secret: string }>({ name: of?.name ?? "", provider: of?.provider ?? null, secret: "" });
  const v = form.values;
  const save = useMutation({
    mutationFn: () => of
      ? take(api.PATCH("/control-credentials/{id}", { params: { path: { id: of.id } }, body: { name: v.name.trim(), ...(v.secret.trim() ? { secret: v.secret.trim() } : {}) } }))
      : take(api.POST("/control-credentials", { body: { name: v.name.trim(), provider: v.provider ?? "", secret: v.secret.trim() } })),
    onSuccess: (saved) => {
      void client.invalidateQueries({ queryKey: ["control-credentials"] });
      toast({ title: `Stored the admin key ${saved.name}`, detail: `Ends in ${saved.last4}` });
      onClose();
    },
  });
  const e = fieldErrors(save.error);
  const options = (providers.data?.items ?? []).map((p) => ({ id: p.id, label: p.name }));
  const blocked = !v.name.trim() ? "Give it a name first" : !v.provider ? "Choose a provider first" : !of && !v.secret.trim() ? "Paste the key first" : null;
  return (
    <SideForm title={of ? `Change ${of.name}` : "Add an admin key"} submit="Store key" onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={["name", "provider", "secret"]} blocked={blocked}>
      <TextField label="Name" {...form.bind("name")} error={e.name} autoFocus required />
      {!of && <Select label="Provider" value={v.provider} onChange={(provider) => form.set({ provider })} options={options} error={e.provider} />}
      <TextField label={of ? "Another key in its place" : "Admin key"} type="password" {...form.bind("secret")} mono error={e.secret} autoComplete="new-password" hint={of ? "Left empty, the key stays." : "Such as sk-admin-… of OpenAI. Sealed apart from the keys that calls use; no call ever goes out with it."} required={!of} />
    </SideForm>
  );
}

/** Has an admin key replaced by itself from now on. */
function RenewalForm({ of: a, kind, onClose }: { of: ControlCredentialView; kind: Kind; onClose: () => void }) {
  const client = useQueryClient();
  const nameOf = useProviderName();
  const form = useForm({ period: "90", fields: {} as Record<string, string> });
  const v = form.values;
  const period = /^\d+$/.test(v.period.trim()) && Number(v.period) >= 1 && Number(v.period) <= 3650 ? Number(v.period) : null;
  const save = useMutation({
    mutationFn: () => take(api.PUT("/control-credentials/{id}/renewal", { params: { path: { id: a.id } }, body: { control: controlOf(kind, v.fields), period_days: period } as never })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["control-credentials"] });
      void client.invalidateQueries({ queryKey: ["credentials"] });
      toast({ title: `${a.name} is replaced by itself from now on`, detail: "It stands among the keys, with its versions." });
      onClose();
    },
  });
  const e = fieldErrors(save.error);
  const blocked = period === null ? "Correct the marked field first" : isFilledIn(kind, v.fields) ? null : "Fill in the settings of the provider first";
  return (
    <SideForm title={`Replace ${a.name} by itself`} submit="Replace by itself" onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={["control", "period_days"]} blocked={blocked}>
      <p className="dim">When the time is over Reeve makes another key at {nameOf(a.provider)} with the one in use, tries it, uses it for all that this one is used for, and deletes the old one. Whoever else uses this key outside of Reeve is cut off then.</p>
      <TextField label="Replace after, in days" {...form.bind("period")} inputMode="numeric" error={period === null ? "A whole number from 1 to 3,650." : e.period_days} />
      {kind.fields.map((f) => <TextField key={f.name} label={f.label} value={v.fields[f.name] ?? ""} onChange={(text) => form.set({ fields: { ...v.fields, [f.name]: text } })} hint={f.hint} mono required />)}
      {e.control && <Notice tone="bad" box>{e.control}</Notice>}
    </SideForm>
  );
}

export function AdminKeys({ may, onClose }: { may: string | null; onClose: () => void }) {
  const client = useQueryClient();
  const list = useQuery(controlCredentialsQuery);
  const nameOf = useProviderName();
  const [form, setForm] = useState<ControlCredentialView | "new" | null>(null);
  const [renewing, setRenewing] = useState<ControlCredentialView | null>(null);
  const [stopping, setStopping] = useState<ControlCredentialView | null>(null);
  const [removing, setRemoving] = useState<ControlCredentialView | null>(null);
  const remove = useMutation({
    mutationFn: (id: string) => take(api.DELETE("/control-credentials/{id}", { params: { path: { id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["control-credentials"] });
      void client.invalidateQueries({ queryKey: ["credentials"] });
      setRemoving(null);
    },
  });
  const stop = useMutation({
    mutationFn: (id: string) => take(api.DELETE("/control-credentials/{id}/renewal", { params: { path: { id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["control-credentials"] });
      void client.invalidateQueries({ queryKey: ["credentials"] });
      setStopping(null);
    },
  });
  const items = list.data?.items ?? [];
  const ownKind = (a: ControlCredentialView) => OWN_KINDS.find((k) => k.provider === a.provider);
  const add = <Button kind="primary" onPress={() => setForm("new")} disabledReason={may}>Add an admin key</Button>;
  return (
    <Sheet title="Admin keys" onClose={onClose} wide>
      <div className="content">
        <p className="dim">With an admin key Reeve makes, lists and deletes keys at a provider by itself. Without one you make each new key there.</p>
        {list.isError ? <ErrorState of={list} what="Admin keys" tight /> : list.isPending ? <SkeletonRows rows={3} /> : items.length === 0 ? (
          <Empty title="No admin keys yet" action={add} tight>OpenAI, AWS, Google, OpenRouter and Azure can be told to make and retire keys.</Empty>
        ) : (
          <>
            <div style={{ overflowX: "auto" }}>
              <table className="t">
                <thead><tr><th>Name</th><th>Provider</th><th>Ends in</th><th>Rotates</th><th>Last used</th><th>Replaced</th><th><span className="sr">Act</span></th></tr></thead>
                <tbody>
                  {items.map((a) => (
                    <tr key={a.id}>
                      <td className="strong">{a.name}</td><td>{nameOf(a.provider)}</td><td className="mono faint">…{a.last4}</td>
                      <td className="dim">{[...(a.renewed_by ? ["itself"] : []), ...a.used_by].join(", ") || "nothing yet"}</td>
                      <td className="dim"><TimeAgo at={a.last_used_at} /></td><td className="dim"><TimeAgo at={a.changed_at} /></td>
                      <td className="num"><span className="row end">
                        <Button small label={`Change ${a.name}`} onPress={() => setForm(a)} disabledReason={may}>Change</Button>
                        <MenuButton kind="icon" label={null} ariaLabel={`More for ${a.name}`} onAction={(act) => ({ renew: setRenewing, stop: setStopping, remove: setRemoving })[act as "renew" | "stop" | "remove"](a)} items={[
                          ...(a.renewed_by ? [{ id: "stop", label: "Replace by hand", disabled: !!may }] : ownKind(a) ? [{ id: "renew", label: "Replace by itself", disabled: !!may }] : []),
                          { id: "remove", label: "Remove", disabled: !!may || a.renewed_by !== null },
                        ]} />
                      </span></td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            <div className="row end" style={{ marginTop: 12 }}>{add}</div>
          </>
        )}
      </div>
      {form && <AdminKeyForm of={form === "new" ? null : form} onClose={() => setForm(null)} />}
      {renewing && ownKind(renewing) && <RenewalForm of={renewing} kind={ownKind(renewing) as Kind} onClose={() => setRenewing(null)} />}
      {stopping && (
        <Confirm title={`Replace ${stopping.name} by hand again?`} act="Replace by hand" pending={stop.isPending} error={stop.error} onConfirm={() => stop.mutate(stopping.id)} onClose={() => setStopping(null)}>
          The key in use stays the admin key, and nobody replaces it until you do. Its versions stay in the history.
        </Confirm>
      )}
      {removing && (
        <Confirm title={`Remove ${removing.name}?`} act="Remove" type={{ text: removing.last4, of: "last four characters" }} pending={remove.isPending} error={remove.error} onConfirm={() => remove.mutate(removing.id)} onClose={() => setRemoving(null)}>
          {removing.used_by.length ? `New keys of ${removing.used_by.join(", ")} are made by hand from then on. ` : ""}Delete it at the provider too: Reeve only forgets it.
        </Confirm>
      )}
    </Sheet>
  );
}
