import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, fieldErrors, take, type QuotaView, type TenantView } from "@/api";
import { ErrorState, Properties, SideForm, SkeletonRows, TimeAgo, useForm, useMay, useZone } from "@/components";
import { formatCount, formatPercent } from "@/lib/number";
import { dayAndTime } from "@/lib/time";
import { Button, Meter, Notice, TextField, toast } from "@/ui";
import { TenantLimits } from "@/features/limits";
import { quotaQuery } from "./queries";

const number = (text: string): number | null => (/^\d+$/.test(text.replace(/[,\s]/g, "")) ? Number(text.replace(/[,\s]/g, "")) : null);
const text = (n: number | null | undefined) => (n == null ? "" : String(n));

function OverrideForm({ tenant, quota, onClose }: { tenant: TenantView; quota: QuotaView; onClose: () => void }) {
  const client = useQueryClient();
  const o = quota.override;
  const form = useForm({ requests_per_day: text(o?.requests_per_day), tokens_per_request: text(o?.tokens_per_request), concurrent_requests: text(o?.concurrent_requests), until: o?.until?.slice(0, 16) ?? "", reason: o?.reason ?? "" });
  const save = useMutation({
    mutationFn: () => {
      const v = form.values;
      return take(api.PUT("/tenants/{id}/quota", {
        params: { path: { id: tenant.id } },
        body: { requests_per_day: number(v.requests_per_day), tokens_per_request: number(v.tokens_per_request), concurrent_requests: number(v.concurrent_requests), until: v.until ? new Date(v.until).toISOString() : null, reason: v.reason.trim() || null },
      }));
    },
    onSuccess: (next) => {
      client.setQueryData(quotaQuery(tenant.id).queryKey, next);
      toast({ title: `Changed the quota of ${tenant.name}` });
      onClose();
    },
  });
  const e = fieldErrors(save.error);
  const v = form.values;
  const bad = (t: string) => (t !== "" && number(t) === null ? "A whole number, or nothing." : undefined);
  const errors = { r: bad(v.requests_per_day), t: bad(v.tokens_per_request), c: bad(v.concurrent_requests) };
  const none = !v.requests_per_day && !v.tokens_per_request && !v.concurrent_requests;
  const tier = quota.tier_limits;
  return (
    <SideForm title={`Quota of ${tenant.name}`} submit="Save quota" onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={["requests_per_day", "tokens_per_request", "concurrent_requests", "until", "reason"]}
      blocked={none ? "Enter at least one limit" : errors.r || errors.t || errors.c ? "Correct the marked fields first" : null}>
      <p className="dim">Only what you enter differs from the {quota.tier} tier; leave the rest empty.</p>
      <TextField label="Requests a day" {...form.bind("requests_per_day")} hint={`Tier: ${formatCount(tier.requests_per_day)}`} error={errors.r ?? e.requests_per_day} inputMode="numeric" autoFocus />
      <TextField label="Tokens a request" {...form.bind("tokens_per_request")} hint={`Tier: ${formatCount(tier.tokens_per_request)}`} error={errors.t ?? e.tokens_per_request} inputMode="numeric" />
      <TextField label="Requests at once" {...form.bind("concurrent_requests")} hint={`Tier: ${formatCount(tier.concurrent_requests)}`} error={errors.c ?? e.concurrent_requests} inputMode="numeric" />
      <TextField label="Until" type="datetime-local" {...form.bind("until")} hint="Left empty, it stays until removed. This computer's time." error={e.until} />
      <TextField label="Reason" {...form.bind("reason")} hint="Kept in the audit trail" error={e.reason} />
    </SideForm>
  );
}

export function QuotaCard({ tenant }: { tenant: TenantView }) {
  const client = useQueryClient();
  const query = useQuery(quotaQuery(tenant.id));
  const may = useMay("tenant:write");
  const zone = useZone();
  const [open, setOpen] = useState(false);
  const drop = useMutation({
    mutationFn: () => take(api.DELETE("/tenants/{id}/quota", { params: { path: { id: tenant.id } } })),
    onSuccess: (next) => {
      client.setQueryData(quotaQuery(tenant.id).queryKey, next);
      toast({ title: `${tenant.name} is back on its tier's quota` });
    },
  });
  const q = query.data;
  const used = q ? (q.limits.requests_per_day ? (q.used.requests_today / q.limits.requests_per_day) * 100 : 100) : 0;
  return (
    <section className="card">
      <header><h2>Quota</h2><span className="dim">today</span><span className="push row">{q?.override && <Button small kind="ghost" onPress={() => drop.mutate()} pending={drop.isPending} disabledReason={may}>Remove override</Button>}<Button small onPress={() => setOpen(true)} disabledReason={may ?? (!q && "Still loading")}>Override</Button></span></header>
      {query.isError ? <ErrorState of={query} what="The quota" tight /> : !q ? <SkeletonRows rows={4} widths={["40%", "30%"]} /> : (
        <div className="body stackv">
          <div>
            <div className="row"><span><b className="strong">{formatCount(q.remaining_today)}</b> <span className="dim">requests left of {formatCount(q.limits.requests_per_day)}</span></span><span className="push dim">{formatPercent(used)} used</span></div>
            <div style={{ margin: "8px 0 2px" }}><Meter capped spent={used} tone={used >= 100 ? "bad" : used >= 80 ? "warn" : "ok"} label={`${formatPercent(used)} of today's requests used`} /></div>
          </div>
          <TenantLimits tenantId={tenant.id} />
          <Properties items={[
            ["Resets", <span key="r" title={dayAndTime(q.resets_at, zone)}><TimeAgo at={q.resets_at} /> <span className="faint">{dayAndTime(q.resets_at, tenant.time_zone)} {tenant.time_zone}</span></span>],
            ["Tokens", `at most ${formatCount(q.limits.tokens_per_request)} a request`],
            ["At once", `${formatCount(q.used.concurrent_now)} of ${formatCount(q.limits.concurrent_requests)} requests now`],
          ]} />
          {q.override && <Notice tone="info" icon="info" box>Overrides the {q.tier} tier {q.override.until ? <>until {dayAndTime(q.override.until, zone)}</> : "until removed"}.{q.override.reason && ` ${q.override.reason}`}</Notice>}
        </div>
      )}
      {open && q && <OverrideForm tenant={tenant} quota={q} onClose={() => setOpen(false)} />}
    </section>
  );
}
