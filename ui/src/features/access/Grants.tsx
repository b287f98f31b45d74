import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, take, type GrantView, type PersonView } from "@/api";
import { ErrorState, FormError, SkeletonRows } from "@/components";
import { useTenantOptions } from "@/features/tenants";
import { Button, ComboBox, Select, toast } from "@/ui";
import { useMayGive } from "./ChooseRole";
import { grantsQuery, rolesQuery } from "./queries";

/** Changes what somebody holds; who that is may be whoever looks. */
function useAct<V>(run: (value: V) => Promise<unknown>, done: (value: V) => string, after?: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: (_, value) => {
      for (const key of ["people", "me"]) void client.invalidateQueries({ queryKey: [key] });
      after?.();
      toast({ title: done(value) });
    },
  });
}

function Give({ person, held, blocked }: { person: PersonView; held: GrantView[]; blocked: string | null }) {
  const [tenant, setTenant] = useState<string | null>(null);
  const [role, setRole] = useState("developer");
  const tenants = useTenantOptions();
  const roles = useQuery(rolesQuery).data?.items ?? [];
  const mayGive = useMayGive(role);
  const give = useAct(
    (tenant_id: string) => take(api.PUT("/users/{id}/grants/{tenant_id}", { params: { path: { id: person.id, tenant_id } }, body: { role } })),
    (id) => `${person.name} holds a role for ${tenants.find((t) => t.id === id)?.label ?? "the tenant"}`,
    () => setTenant(null),
  );
  const same = held.some((g) => g.tenant_id === tenant && g.role === role);
  return (
    <div className="stackv">
      <ComboBox label="Tenant" value={tenant} onChange={setTenant} options={tenants} />
      <Select label="Role for it" value={role} onChange={setRole} options={roles.filter((r) => r.scopes.includes("tenant:read")).map((r) => ({ id: r.id, label: r.name }))} />
      {!!give.error && <FormError error={give.error} />}
      <div className="row"><Button onPress={() => tenant && give.mutate(tenant)} pending={give.isPending} disabledReason={blocked ?? (tenant === null ? "Choose a tenant first" : mayGive ?? (same && "They hold it already"))}>Give it</Button></div>
    </div>
  );
}

/** The roles that somebody holds for single tenants, beside their own. */
export function Grants({ person, blocked }: { person: PersonView; blocked: string | null }) {
  const list = useQuery(grantsQuery(person.id));
  const taking = useAct(
    (g: GrantView) => take(api.DELETE("/users/{id}/grants/{tenant_id}", { params: { path: { id: person.id, tenant_id: g.tenant_id } } })),
    (g) => `${person.name} holds nothing for ${g.tenant_name} any more`,
  );
  if (list.isError) return <ErrorState of={list} what="Grants" tight />;
  if (!list.data) return <SkeletonRows rows={2} />;
  const held = list.data.items;
  return (
    <div className="stackv">
      <p className="dim">A role for a tenant lets them see and steer that tenant and no other: its keys, usage, requests and captured bodies, and see its quota, budgets and limits. What is of the whole workspace stays with the role above.</p>
      {held.length > 0 && (
        <table className="t">
          <thead><tr><th>Tenant</th><th>Role</th><th><span className="sr">Act</span></th></tr></thead>
          <tbody>
            {held.map((g) => (
              <tr key={g.tenant_id}>
                <td><Link className="rowlink" to="/tenants/$id" params={{ id: g.tenant_id }}>{g.tenant_name}</Link></td><td>{g.role_name}</td>
                <td className="num"><Button small label={`Take back ${g.role_name} for ${g.tenant_name}`} onPress={() => taking.mutate(g)} pending={taking.isPending && taking.variables.tenant_id === g.tenant_id} disabledReason={blocked}>Take back</Button></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {!!taking.error && <FormError error={taking.error} />}
      <Give person={person} held={held} blocked={blocked} />
    </div>
  );
}
