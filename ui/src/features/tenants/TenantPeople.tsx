import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { TenantView } from "@/api";
import { ErrorState, SkeletonRows, TimeAgo, useMay } from "@/components";
import { Empty } from "@/ui";
import { holdersQuery } from "./queries";

const access = <Link className="btn" to="/access">Open Access</Link>;

/** Who holds a role for this tenant; given and taken where the person is looked after. */
export function TenantPeople({ tenant }: { tenant: TenantView }) {
  const may = useMay("user:read");
  const list = useQuery({ ...holdersQuery(tenant.id), enabled: !may });
  if (may) return <Empty title="People are of the whole workspace">{may}</Empty>;
  return (
    <div className="page">
      <section className="card">
        <header><h2>People</h2><span className="dim">Who holds a role for {tenant.name}, beside those whose role covers all tenants.</span></header>
        {list.isPending ? <SkeletonRows rows={3} /> : list.isError ? <ErrorState of={list} what="The people of this tenant" tight /> : list.data.items.length === 0 ? (
          <Empty title={`Nobody holds a role for ${tenant.name} alone`} level={3} action={access}>Whoever may see all tenants sees this one. A role for one tenant is given to a person.</Empty>
        ) : (
          <table className="t">
            <thead><tr><th>Person</th><th>Role</th><th>Since</th></tr></thead>
            <tbody>{list.data.items.map((g) => <tr key={g.user_id}><td className="strong">{g.user_name}</td><td>{g.role_name}</td><td><TimeAgo at={g.created_at} /></td></tr>)}</tbody>
          </table>
        )}
      </section>
    </div>
  );
}
