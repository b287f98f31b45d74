import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, take, type OpenSessionView } from "@/api";
import { ErrorState, FormError, SkeletonRows, TimeAgo } from "@/components";
import { Button, Chip, toast } from "@/ui";
import { programWords, sessionsQuery } from "./queries";

/** Open sessions, one's own or somebody's. */
export function SessionRows({ items, blocked, pending, onEnd }: { items: OpenSessionView[]; blocked: string | null; pending?: string; onEnd: (id: string) => void }) {
  if (items.length === 0) return <p className="dim">None is open.</p>;
  return (
    <ul className="claims" aria-label="Open sessions">
      {items.map((s) => (
        <li key={s.id}>
          <div className="row">
            <span className="row grow"><b className="strong" title={s.program ?? undefined}>{programWords(s.program)}</b>{s.current && <Chip tone="info">this one</Chip>}</span>
            <Button small label={`End the session of ${programWords(s.program)}`} onPress={() => onEnd(s.id)} pending={pending === s.id} disabledReason={blocked ?? (s.current && "Sign out instead")}>End</Button>
          </div>
          <p className="dim">Since <TimeAgo at={s.created_at} />, last renewed <TimeAgo at={s.last_seen} /></p>
        </li>
      ))}
    </ul>
  );
}

export function Sessions() {
  const client = useQueryClient();
  const list = useQuery(sessionsQuery);
  const refresh = () => {
    for (const key of ["sessions", "people"]) void client.invalidateQueries({ queryKey: [key] });
  };
  const end = useMutation({
    mutationFn: (id: string) => take(api.DELETE("/auth/sessions/{id}", { params: { path: { id } } })),
    onSuccess: () => {
      refresh();
      toast({ title: "Ended the session" });
    },
  });
  const others = useMutation({
    mutationFn: () => take(api.DELETE("/auth/sessions")),
    onSuccess: () => {
      refresh();
      toast({ title: "Ended your other sessions" });
    },
  });
  const items = list.data?.items ?? [];
  return (
    <section className="card">
      <header><h2>Your sessions</h2><span className="dim">Where you are signed in. What you end is over at once.</span></header>
      <div className="body">
        {list.isError ? <ErrorState of={list} what="Your sessions" tight /> : !list.data ? <SkeletonRows rows={2} /> : (
          <div className="stackv">
            <SessionRows items={items} blocked={null} pending={end.isPending ? end.variables : undefined} onEnd={(id) => end.mutate(id)} />
            {!!(end.error ?? others.error) && <FormError error={end.error ?? others.error} />}
            {items.length > 0 && <div className="row"><Button onPress={() => others.mutate()} pending={others.isPending} disabledReason={!items.some((s) => !s.current) && "There is no other"}>End all others</Button></div>}
          </div>
        )}
      </div>
    </section>
  );
}
