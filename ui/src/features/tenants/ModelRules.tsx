import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, fieldErrors, take, type ModelRulesView, type TenantView } from "@/api";
import { ErrorState, SideForm, SkeletonRows, useForm, useMay } from "@/components";
import { plural } from "@/lib/number";
import { Button, Chip, Empty, TextField, toast } from "@/ui";
import { modelRulesQuery } from "./queries";

/** Patterns as people write them: one a line, or with commas between. */
export const readPatterns = (text: string): string[] => [...new Set(text.split(/[\s,]+/).filter(Boolean))];

function RulesForm({ tenant, rules, onClose }: { tenant: TenantView; rules: ModelRulesView; onClose: () => void }) {
  const client = useQueryClient();
  const form = useForm({ allow: rules.allow.join("\n"), deny: rules.deny.join("\n") });
  const save = useMutation({
    mutationFn: () => take(api.PUT("/tenants/{id}/model-rules", { params: { path: { id: tenant.id } }, body: { allow: readPatterns(form.values.allow), deny: readPatterns(form.values.deny) } })),
    onSuccess: (next) => {
      client.setQueryData(modelRulesQuery(tenant.id).queryKey, next);
      toast({ title: `Changed the models of ${tenant.name}` });
      onClose();
    },
  });
  const e = fieldErrors(save.error);
  return (
    <SideForm title={`Models of ${tenant.name}`} submit="Save" onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={["allow", "deny"]}>
      <p className="dim">One model a line; a star stands for any letters, as in <span className="mono">gpt-4o*</span>. Capitals do not matter.</p>
      <TextField label="Allowed" multiline mono {...form.bind("allow")} error={e.allow} hint="Left empty, every model is allowed." autoFocus />
      <TextField label="Denied" multiline mono {...form.bind("deny")} error={e.deny} hint="Denied whatever is allowed above, also behind an alias." />
    </SideForm>
  );
}

function List({ title, patterns, tone, none }: { title: string; patterns: string[]; tone: "ok" | "bad"; none: string }) {
  return (
    <section className="sec" aria-label={title}>
      <h3>{title}{patterns.length > 0 && `, ${plural(patterns.length, "pattern")}`}</h3>
      {patterns.length === 0 ? <span className="faint">{none}</span> : <div className="row" style={{ flexWrap: "wrap", gap: 6 }}>{patterns.map((p) => <Chip key={p} tone={tone}><span className="mono">{p}</span></Chip>)}</div>}
    </section>
  );
}

/** Which models a tenant may call. */
export function ModelRules({ tenant }: { tenant: TenantView }) {
  const query = useQuery(modelRulesQuery(tenant.id));
  const may = useMay("tenant:write");
  const [open, setOpen] = useState(false);
  const r = query.data;
  const all = r && r.allow.length === 0 && r.deny.length === 0;
  const edit = (label: string, primary?: boolean) => <Button kind={primary ? "primary" : "plain"} onPress={() => setOpen(true)} disabledReason={may ?? (tenant.status === "archived" && "It is archived")}>{label}</Button>;
  return (
    <div className="page">
      <section className="card">
        <header><h2>Models</h2><span className="dim clip">Calls that these lists rule out are refused before anything is spent, and recorded.</span>{r && !all && <span className="push">{edit("Edit")}</span>}</header>
        {query.isPending ? <SkeletonRows rows={3} /> : query.isError ? <ErrorState of={query} what="The models" tight /> : all ? (
          <Empty level={3} title={`${tenant.name} may call every model`} action={edit("Limit the models", true)}>Every model that a provider key or a route serves. Lists of allowed and denied models narrow that.</Empty>
        ) : (
          <div style={{ paddingTop: 9 }}>
            <List title="Allowed" patterns={r?.allow ?? []} tone="ok" none="every model" />
            <List title="Denied" patterns={r?.deny ?? []} tone="bad" none="none" />
          </div>
        )}
      </section>
      {open && r && <RulesForm tenant={tenant} rules={r} onClose={() => setOpen(false)} />}
    </div>
  );
}
