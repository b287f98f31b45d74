import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, take, type TenantView } from "@/api";
import { Confirm, ErrorState, Id, Page, Properties, SampleChip, SkeletonRows, TenantState, TIER_WORDS, TimeAgo, useMay, useZone } from "@/components";
import { History } from "@/features/audit";
import { TenantBudgets } from "@/features/budgets";
import { Button, Chip, Empty, MenuButton, Tabs, TextField, toast } from "@/ui";
import { absolute } from "@/lib/time";
import { ApiKeys } from "./ApiKeys";
import { CaptureTab } from "./CaptureTab";
import { ModelRules } from "./ModelRules";
import { tenantQuery, type Period } from "./queries";
import { TenantForm } from "./TenantForm";
import { TenantPeople } from "./TenantPeople";
import { TenantOverview } from "./TenantOverview";
import { TenantUsage } from "./TenantUsage";

export const TENANT_TABS = ["overview", "usage", "keys", "budgets", "models", "capture", "people", "history", "properties"] as const;
export interface TenantSearch {
  tab?: (typeof TENANT_TABS)[number];
  period?: Period;
}
const route = getRouteApi("/app/tenants/$id");
type Act = "suspend" | "resume" | "archive";

function ActDialog({ act, tenant, onClose }: { act: Act; tenant: TenantView; onClose: () => void }) {
  const client = useQueryClient();
  const [reason, setReason] = useState("");
  const DONE: Record<Act, string> = { suspend: "Suspended", resume: "Resumed", archive: "Archived" };
  const params = { path: { id: tenant.id } };
  const run = useMutation({
    mutationFn: () =>
      take(act === "suspend" ? api.POST("/tenants/{id}/suspend", { params, body: { reason: reason.trim() || null } })
        : act === "resume" ? api.POST("/tenants/{id}/resume", { params }) : api.POST("/tenants/{id}/archive", { params })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["tenants"] });
      toast({ title: `${DONE[act]} ${tenant.name}` });
      onClose();
    },
  });
  const common = { pending: run.isPending, error: run.error, onConfirm: () => run.mutate(), onClose };
  if (act === "resume") return <Confirm title={`Resume ${tenant.name}?`} act="Resume" kind="primary" {...common}>Its API keys work again at once, within its quota and budgets.</Confirm>;
  const type = { text: tenant.name, of: "name" };
  if (act === "archive") return <Confirm title={`Archive ${tenant.name}?`} act="Archive" type={type} {...common}>Its API keys stop for good and it leaves the lists. Its usage and audit entries stay.</Confirm>;
  return (
    <Confirm title={`Suspend ${tenant.name}?`} act="Suspend" type={type} {...common}>
      <div className="stackv">
        <span>Every call with its API keys is refused until it is resumed. Nothing is deleted.</span>
        <TextField label="Reason, kept in the audit trail" value={reason} onChange={setReason} />
      </div>
    </Confirm>
  );
}

function Details({ tenant }: { tenant: TenantView }) {
  const zone = useZone();
  return (
    <div style={{ padding: 18, maxWidth: 760 }}>
      <Properties wide items={[
        ["Id", <Id key="i" value={tenant.id} what="tenant id" full />], ["Short name", <span key="s" className="mono">{tenant.slug}</span>], ["Tier", TIER_WORDS[tenant.tier]],
        ["Time zone", tenant.time_zone], ["Owner", tenant.owner ?? <span className="faint">none</span>],
        ["Tags", tenant.tags.length ? <span key="t" className="row">{tenant.tags.map((t) => <Chip key={t} plain>{t}</Chip>)}</span> : <span className="faint">none</span>],
        ["Notes", tenant.notes ?? <span className="faint">none</span>], ["Created", absolute(tenant.created_at, zone)], ["Changed", <TimeAgo key="u" at={tenant.updated_at} />],
      ]} />
    </div>
  );
}

export function TenantPage() {
  const { id } = route.useParams();
  const { tab = "overview" }: TenantSearch = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(tenantQuery(id));
  const may = useMay("tenant:write");
  const seeHistory = useMay("audit:read");
  const [open, setOpen] = useState<Act | "edit" | null>(null);
  const parent = <Link to="/tenants">Tenants</Link>;
  if (query.isError) return <Page title="Tenant" parent={parent}><ErrorState of={query} what="This tenant" /></Page>;
  const t = query.data;
  if (!t) return <Page title="Tenant" parent={parent}><SkeletonRows rows={10} /></Page>;
  const archived = t.status === "archived" && "It is archived";
  const acts = [
    t.status === "suspended" ? { id: "resume", label: "Resume" } : { id: "suspend", label: "Suspend", disabled: !!archived || !!may },
    { id: "archive", label: "Archive", disabled: !!archived || !!may },
  ];
  return (
    <Page
      title={t.name} parent={parent}
      beside={<><TenantState value={t.status} /><Chip plain>{TIER_WORDS[t.tier]}</Chip>{t.sample && <SampleChip />}</>}
      actions={<><Button onPress={() => setOpen("edit")} disabledReason={may ?? archived}>Edit</Button><MenuButton label="More" items={acts} onAction={(a) => setOpen(a as Act)} /></>}
    >
      <Tabs
        label={t.name} fill selected={tab} onChange={(next) => void navigate({ search: (old) => ({ ...old, tab: next === "overview" ? undefined : (next as TenantSearch["tab"]) }), replace: true })}
        tabs={[
          { id: "overview", label: "Overview", content: <TenantOverview tenant={t} /> },
          { id: "usage", label: "Usage", content: <TenantUsage tenant={t} /> },
          { id: "keys", label: "API keys", content: <ApiKeys tenant={t} /> },
          { id: "budgets", label: "Budgets", content: <TenantBudgets tenant={t} /> },
          { id: "models", label: "Models", content: <ModelRules tenant={t} /> },
          { id: "capture", label: "Bodies", content: <CaptureTab tenant={t} /> },
          { id: "people", label: "People", content: <TenantPeople tenant={t} /> },
          { id: "history", label: "History", content: seeHistory ? <Empty title="The audit trail is of the whole workspace">{seeHistory}</Empty> : <History filter={{ tenant_id: t.id }} /> },
          { id: "properties", label: "Properties", content: <Details tenant={t} /> },
        ]}
      />
      {open === "edit" && <TenantForm tenant={t} onClose={() => setOpen(null)} />}
      {open && open !== "edit" && <ActDialog act={open} tenant={t} onClose={() => setOpen(null)} />}
    </Page>
  );
}
