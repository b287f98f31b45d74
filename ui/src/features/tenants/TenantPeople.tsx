import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { TenantView } from "@/api";
import { ErrorState, SkeletonRows, TimeAgo, useMay } from "@/components";
import { Empty } from "@/ui";
import { holdersQuery } from "./queries";

const access = <Link to="/access">Access</Link>;

/** Who holds a role for this tenant; given and taken where the person is looked after. */
export function TenantPeople({ tenant }: { tenant: TenantView }) {
  const may = useMay("user:read");
  const list = useQuery({ ...holdersQuery(tenant.id), enabled: !may });
  if (may) return <Empty title="People are of the whole workspace">{may}</Empty>;
  if (list.isError) return <ErrorState of={list} what="The people of this tenant" />;
  if (!list.data) return <SkeletonRows rows={3} />;
  const held = list.data.items;
  if (!held.length) return <Empty title={`Nobody holds a role for ${tenant.name} alone`}>Whoever may see all tenants sees this one. A role for one tenant is given to a person on {access}.</Empty>;
  return (
    <>
      <p className="dim" style={{ padding: "12px 18px 0" }}>Beside those whose role covers all tenants. Roles are given and taken on {access}.</p>
      <table className="t">
        <thead><tr><th>Person</th><th>Role for {tenant.name}</th><th>Since</th></tr></thead>
        <tbody>{held.map((g) => <tr key={g.user_id}><td>{g.user_name}</td><td>{g.role_name}</td><td><TimeAgo at={g.created_at} /></td></tr>)}</tbody>
      </table>
    </>
  );
}
