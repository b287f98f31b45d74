import { useQuery } from "@tanstack/react-query";
import { ErrorState, meQuery, SkeletonRows } from "@/components";
import { plural } from "@/lib/number";
import { Radios } from "@/ui";
import { beyond } from "./draft";
import { rolesQuery } from "./queries";
import { BUILT_IN } from "./words";

/** Why whoever looks cannot give this role, or null. */
export function useMayGive(role: string): string | null {
  const roles = useQuery(rolesQuery).data?.items;
  const own = useQuery(meQuery).data?.scopes ?? [];
  const found = roles?.find((r) => r.id === role);
  const lacks = found && beyond(found, own);
  return lacks ? `${found.name} may more than you do (${lacks})` : null;
}

/** One of the roles, built-in ones first. */
export function ChooseRole({ value, onChange }: { value: string; onChange: (role: string) => void }) {
  const roles = useQuery(rolesQuery);
  if (roles.isError) return <ErrorState of={roles} what="Roles" tight />;
  if (!roles.data) return <SkeletonRows rows={4} />;
  const options = roles.data.items.map((r) => ({ id: r.id, label: r.name, note: (r.built_in ? BUILT_IN[r.id] : r.description) || plural(r.scopes.length, "permission") }));
  return <Radios label="Role" value={value} onChange={onChange} options={options} />;
}
