import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, take, type PersonView } from "@/api";
import { Confirm, ErrorState, FormError, Properties, Section, SkeletonRows, TimeAgo, useMay } from "@/components";
import { SessionRows } from "@/features/profile";
import { Button, Chip, Sheet, toast } from "@/ui";
import { ChooseRole, useMayGive } from "./ChooseRole";
import { Grants } from "./Grants";
import { sessionsOfQuery } from "./queries";
import { isLastAdmin } from "./words";

type Asking = "disable" | "second-factor" | "sessions";

function useAct<V>(run: (value: V) => Promise<unknown>, done: string, after?: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: () => {
      for (const key of ["people", "sessions"]) void client.invalidateQueries({ queryKey: [key] });
      after?.();
      toast({ title: done });
    },
  });
}

function ChangeRole({ person, blocked }: { person: PersonView; blocked: string | null }) {
  const [role, setRole] = useState(person.role);
  const mayGive = useMayGive(role);
  const client = useQueryClient();
  const save = useAct(
    () => take(api.PATCH("/users/{id}", { params: { path: { id: person.id } }, body: { role } })),
    `Changed the role of ${person.name}`,
    () => void client.invalidateQueries({ queryKey: ["me"] }),
  );
  return (
    <div className="stackv">
      <ChooseRole value={role} onChange={setRole} />
      {!!save.error && <FormError error={save.error} />}
      <div className="row"><Button onPress={() => save.mutate(undefined)} pending={save.isPending} disabledReason={blocked ?? mayGive ?? (role === person.role && "Nothing has changed")}>Change the role</Button></div>
    </div>
  );
}

function Open({ person, onEndAll }: { person: PersonView; onEndAll: () => void }) {
  const list = useQuery(sessionsOfQuery(person.id));
  const may = useMay("session:write");
  const end = useAct((session_id: string) => take(api.DELETE("/users/{id}/sessions/{session_id}", { params: { path: { id: person.id, session_id } } })), "Ended the session");
  if (list.isError) return <ErrorState of={list} what="Sessions" tight />;
  if (!list.data) return <SkeletonRows rows={2} />;
  return (
    <div className="stackv">
      <SessionRows items={list.data.items} blocked={may} pending={end.isPending ? end.variables : undefined} onEnd={(id) => end.mutate(id)} />
      {!!end.error && <FormError error={end.error} />}
      {list.data.items.length > 1 && <div className="row"><Button onPress={onEndAll} disabledReason={may}>{list.data.items.some((s) => s.current) ? "End all others" : "End all of them"}</Button></div>}
    </div>
  );
}

export function PersonSheet({ person, people, self, onClose }: { person: PersonView; people: PersonView[]; self: boolean; onClose: () => void }) {
  const allowed = useMay("user:write");
  const over = useMayGive(person.role);
  const may = allowed ?? over;
  const [asking, setAsking] = useState<Asking | null>(null);
  const close = () => setAsking(null);
  const path = { params: { path: { id: person.id } } };
  const disable = useAct(() => take(api.POST("/users/{id}/disable", path)), `${person.name} cannot sign in any more`, close);
  const enable = useAct(() => take(api.POST("/users/{id}/enable", path)), `${person.name} may sign in again`);
  const reset = useAct(() => take(api.DELETE("/users/{id}/second-factor", path)), `${person.name} signs in with the password alone`, close);
  const all = useAct(() => take(api.DELETE("/users/{id}/sessions", path)), `Ended the sessions of ${person.name}`, close);
  const last = isLastAdmin(person, people) ? "This is the last administrator. Make somebody else one first" : null;
  return (
    <Sheet title={person.name} onClose={onClose}>
      <div className="content">
        <Properties items={[["E-mail", person.email], ["Since", <TimeAgo key="s" at={person.created_at} />], ["State", person.disabled_at ? <Chip key="c" tone="warn">Disabled</Chip> : <Chip key="c" tone="ok">Active</Chip>]]} />
        <Section title="What they may do"><ChangeRole key={person.role} person={person} blocked={may ?? last} /></Section>
        <Section title="For single tenants"><Grants person={person} blocked={may} /></Section>
        <Section title="Open sessions"><Open person={person} onEndAll={() => setAsking("sessions")} /></Section>
        <Section title="Signing in">
          <div className="stackv">
            <p className="dim">{person.second_factor ? "A code of an authenticator app is asked for beside the password." : "The password is all that is asked for. Two-step sign-in is set up by the person, under Profile."}</p>
            {!!enable.error && <FormError error={enable.error} />}
            <div className="row">
              <Button onPress={() => setAsking("second-factor")} disabledReason={may ?? (!person.second_factor && "Two-step sign-in is off")}>Turn off two-step sign-in</Button>
              {person.disabled_at
                ? <Button onPress={() => enable.mutate(undefined)} pending={enable.isPending} disabledReason={may}>Enable the account</Button>
                : <Button onPress={() => setAsking("disable")} disabledReason={may ?? last ?? (self && "Nobody disables themselves. Ask another administrator")}>Disable the account</Button>}
            </div>
          </div>
        </Section>
      </div>
      {asking === "disable" && <Confirm title={`Disable ${person.name}?`} act="Disable" type={{ text: person.name, of: "name" }} pending={disable.isPending} error={disable.error} onConfirm={() => disable.mutate(undefined)} onClose={close}>Their sessions end at once, and they cannot sign in until somebody enables the account again. What they did stays in the audit trail.</Confirm>}
      {asking === "second-factor" && <Confirm title={`Turn off two-step sign-in of ${person.name}?`} act="Turn off" pending={reset.isPending} error={reset.error} onConfirm={() => reset.mutate(undefined)} onClose={close}>Do it only for somebody whom you know, and who has lost both the phone and the recovery codes. Until they set it up again, whoever knows the password can sign in as them.</Confirm>}
      {asking === "sessions" && <Confirm title={`End the sessions of ${person.name}?`} act="End them" pending={all.isPending} error={all.error} onConfirm={() => all.mutate(undefined)} onClose={close}>{self ? "All but the one that you are using now." : "They have to sign in again."}</Confirm>}
    </Sheet>
  );
}
