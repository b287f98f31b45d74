import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { api, take, type InvitationView } from "@/api";
import { Confirm, ErrorState, SkeletonRows, TimeAgo, useMay, useNow } from "@/components";
import { Button, Chip, Empty, toast } from "@/ui";
import { invitationsQuery } from "./queries";

function TakeBack({ of, onClose }: { of: InvitationView; onClose: () => void }) {
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: () => take(api.DELETE("/invitations/{id}", { params: { path: { id: of.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["people"] });
      onClose();
      toast({ title: `Took back the invitation for ${of.email}` });
    },
  });
  return <Confirm title={`Take back the invitation for ${of.email}?`} act="Take back" pending={run.isPending} error={run.error} onConfirm={() => run.mutate()} onClose={onClose}>Whoever holds the link or the code can no longer come in with it.</Confirm>;
}

export function Invitations({ invite }: { invite: ReactNode }) {
  const list = useQuery(invitationsQuery);
  const may = useMay("user:write");
  const now = useNow();
  const [gone, setGone] = useState<InvitationView | null>(null);
  return (
    <div className="page">
      <section className="card">
        <header><h2>Invitations</h2><span className="dim">Nobody has taken these up yet.</span>{list.data && list.data.items.length > 0 && <span className="push">{invite}</span>}</header>
        {list.isPending ? <SkeletonRows rows={3} /> : list.isError ? <ErrorState of={list} what="Invitations" tight /> : list.data.items.length === 0 ? (
          <Empty title="No open invitations" level={3} action={invite}>Everybody after the first person comes by invitation.</Empty>
        ) : (
          <div className="scroll-x">
            <table className="t">
              <thead><tr><th>E-mail</th><th>Role</th><th>Made</th><th>Ends</th><th><span className="sr">Act</span></th></tr></thead>
              <tbody>
                {list.data.items.map((i) => (
                  <tr key={i.id}>
                    <td className="strong">{i.email}</td><td>{i.role_name}</td><td className="dim"><TimeAgo at={i.created_at} /></td>
                    <td>{Date.parse(i.expires_at) <= now ? <Chip tone="warn">Over</Chip> : <span className="dim"><TimeAgo at={i.expires_at} /></span>}</td>
                    <td className="num"><Button small label={`Take back the invitation for ${i.email}`} onPress={() => setGone(i)} disabledReason={may}>Take back</Button></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
      {gone && <TakeBack of={gone} onClose={() => setGone(null)} />}
    </div>
  );
}
