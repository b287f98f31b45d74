import { useQuery } from "@tanstack/react-query";
import { ErrorState, meQuery, SkeletonRows } from "@/components";
import { rolesQuery } from "./queries";
import { matrix, roleLabel } from "./words";

/** Who can do what, in words: a person reads down the column of a role, or across the row of a thing. */
export function Roles() {
  const roles = useQuery(rolesQuery);
  const own = useQuery(meQuery).data?.user.role;
  if (roles.isError) return <ErrorState of={roles} what="Roles" />;
  if (!roles.data) return <SkeletonRows rows={12} />;
  const columns = roles.data.items;
  return (
    <div className="page">
      <section className="card">
        <header><h2>Who can do what</h2><span className="dim">Reeve asks for each of these before it does anything; a refusal is an entry of the audit trail.</span></header>
        <div className="scroll-x">
          <table className="t tops matrix">
            <thead><tr><th scope="col">What</th>{columns.map((r) => <th key={r.role} scope="col">{roleLabel(r.role)}{r.role === own && <span className="faint"> (you)</span>}</th>)}</tr></thead>
            <tbody>
              {matrix(columns).map((row) => (
                <tr key={row.noun}><th scope="row">{row.label}</th>{row.may.map((words, i) => <td key={columns[i]?.role} className={words ? undefined : "faint"}>{words || <><span aria-hidden="true">–</span><span className="sr">nothing</span></>}</td>)}</tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </div>
  );
}
