import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, take, type RoleView } from "@/api";
import { Confirm, ErrorState, meQuery, SkeletonRows, TimeAgo, useMay } from "@/components";
import { plural } from "@/lib/number";
import { Button, Chip, Empty, toast } from "@/ui";
import { beyond } from "./draft";
import { rolesQuery } from "./queries";
import { RoleForm } from "./RoleForm";
import { BUILT_IN, matrix } from "./words";

function Remove({ role, onClose }: { role: RoleView; onClose: () => void }) {
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: () => take(api.DELETE("/roles/{id}", { params: { path: { id: role.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["people"] });
      onClose();
      toast({ title: `Removed the role ${role.name}` });
    },
  });
  return <Confirm title={`Remove the role ${role.name}?`} act="Remove" type={{ text: role.name, of: "name" }} pending={run.isPending} error={run.error} onConfirm={() => run.mutate()} onClose={onClose}>Nobody has it. What people did with it stays in the audit trail.</Confirm>;
}

interface RowProps {
  role: RoleView;
  own: string[];
  onChange: () => void;
  onRemove: () => void;
}
function Row({ role, own, onChange, onRemove }: RowProps) {
  const may = useMay("user:write");
  const lacks = beyond(role, own);
  const wider = lacks ? `It may more than you do (${lacks})` : null;
  const held = role.people > 0 && `${plural(role.people, "person has", "people have")} it. Give them another role first`;
  return (
    <tr>
      <td className="strong">{role.name}{role.built_in && <> <Chip plain>built in</Chip></>}</td>
      <td className="dim" style={{ whiteSpace: "normal" }}>{role.built_in ? BUILT_IN[role.id] : role.description || <span className="faint">nothing said</span>}</td>
      <td className="num">{role.people}</td>
      <td className="num">{role.scopes.length}</td>
      <td className="dim">{role.updated_at ? <TimeAgo at={role.updated_at} /> : <span className="faint">–</span>}</td>
      <td className="num">{!role.built_in && <div className="row end">
        <Button small label={`Change ${role.name}`} onPress={onChange} disabledReason={may ?? wider}>Change</Button>
        <Button small label={`Remove ${role.name}`} onPress={onRemove} disabledReason={may ?? wider ?? held}>Remove</Button>
      </div>}</td>
    </tr>
  );
}

/** Who can do what, in words: a person reads down the column of a role, or across the row of a thing. */
function Matrix({ roles, own }: { roles: RoleView[]; own: string | undefined }) {
  return (
    <section className="card">
      <header><h2>Who can do what</h2><span className="dim">Reeve asks for each of these before it does anything; a refusal is an entry of the audit trail.</span></header>
      <div className="scroll-x">
        <table className="t tops matrix">
          <thead><tr><th scope="col">What</th>{roles.map((r) => <th key={r.id} scope="col">{r.name}{r.id === own && <span className="faint"> (you)</span>}</th>)}</tr></thead>
          <tbody>
            {matrix(roles).map((row) => (
              <tr key={row.noun}><th scope="row">{row.label}</th>{row.may.map((words, i) => <td key={roles[i]?.id} className={words ? undefined : "faint"}>{words || <><span aria-hidden="true">–</span><span className="sr">nothing</span></>}</td>)}</tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

export function Roles() {
  const roles = useQuery(rolesQuery);
  const me = useQuery(meQuery).data;
  const may = useMay("user:write");
  const [editing, setEditing] = useState<RoleView | "new" | null>(null);
  const [removing, setRemoving] = useState<RoleView | null>(null);
  if (roles.isError) return <ErrorState of={roles} what="Roles" />;
  if (!roles.data || !me) return <SkeletonRows rows={12} />;
  const all = roles.data.items;
  const make = <Button kind="primary" onPress={() => setEditing("new")} disabledReason={may}>New role</Button>;
  const ofOwn = all.some((r) => !r.built_in);
  // The administrators’ role is the list of all there is.
  const permissions = all.find((r) => r.id === "admin")?.scopes ?? [];
  return (
    <div className="page">
      <section className="card">
        <header><h2>Roles</h2><span className="dim">What people may do follows from their role, and from those that they hold for single tenants.</span>{ofOwn && <span className="push">{make}</span>}</header>
        <div className="scroll-x">
          <table className="t">
            <thead><tr><th>Name</th><th>For</th><th className="num">People</th><th className="num">Permissions</th><th>Changed</th><th><span className="sr">Act</span></th></tr></thead>
            <tbody>{all.map((r) => <Row key={r.id} role={r} own={me.scopes} onChange={() => setEditing(r)} onRemove={() => setRemoving(r)} />)}</tbody>
          </table>
        </div>
        {!ofOwn && <Empty tight title="No roles of your own yet" level={3} action={make}>Where none of the built-in ones fits, make one that may exactly what is needed.</Empty>}
      </section>
      <Matrix roles={all} own={me.user.role} />
      {editing && <RoleForm role={editing === "new" ? undefined : editing} permissions={permissions} own={me.scopes} onClose={() => setEditing(null)} />}
      {removing && <Remove role={removing} onClose={() => setRemoving(null)} />}
    </div>
  );
}
