import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { ErrorState, meQuery, SkeletonRows, TimeAgo } from "@/components";
import { Button, Chip } from "@/ui";
import { PersonSheet } from "./PersonSheet";
import { peopleQuery } from "./queries";

export function People({ invite }: { invite: ReactNode }) {
  const list = useQuery(peopleQuery);
  const me = useQuery(meQuery).data?.user.id;
  const [open, setOpen] = useState<string | null>(null);
  const items = list.data?.items ?? [];
  const person = items.find((p) => p.id === open);
  return (
    <div className="page">
      <section className="card">
        <header><h2>People</h2><span className="dim">Who signs in here.</span><span className="push">{invite}</span></header>
        {list.isPending ? <SkeletonRows /> : list.isError ? <ErrorState of={list} what="People" tight /> : (
          <div className="scroll-x">
            <table className="t">
              <thead><tr><th>Name</th><th>E-mail</th><th>Role</th><th>Two-step</th><th>State</th><th className="num">Sessions</th><th>Last seen</th><th>Since</th><th><span className="sr">Act</span></th></tr></thead>
              <tbody>
                {items.map((p) => (
                  <tr key={p.id}>
                    <td className="strong">{p.name}{p.id === me && <span className="faint"> (you)</span>}</td>
                    <td className="dim">{p.email}</td>
                    <td>{p.role_name}</td>
                    <td>{p.second_factor ? <Chip tone="ok">On</Chip> : <Chip>Off</Chip>}</td>
                    <td>{p.disabled_at ? <Chip tone="warn">Disabled</Chip> : <Chip tone="ok">Active</Chip>}</td>
                    <td className="num">{p.sessions}</td>
                    <td className="dim"><TimeAgo at={p.last_seen} /></td><td className="dim"><TimeAgo at={p.created_at} /></td>
                    <td className="num"><Button small label={`Look after ${p.name}`} onPress={() => setOpen(p.id)}>Look after</Button></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
      {person && <PersonSheet person={person} people={items} self={person.id === me} onClose={() => setOpen(null)} />}
    </div>
  );
}
