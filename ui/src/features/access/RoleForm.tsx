import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, fieldErrors, take, type RoleView } from "@/api";
import { Section, SideForm, useForm } from "@/components";
import { TextField, toast } from "@/ui";
import { boxOf, bodyOf, draftOf, pressed, type RoleDraft } from "./draft";
import { nouns, verbOf } from "./words";

interface BoxesProps {
  draft: RoleDraft;
  set: (patch: Partial<RoleDraft>) => void;
  /** All that Reeve asks for, and what of it the one who looks may give on. */
  permissions: string[];
  own: string[];
}
const toggled = (list: string[], item: string): string[] => (list.includes(item) ? list.filter((x) => x !== item) : [...list, item]);

const WHY = { seen: "Everything may be seen", further: "One of the further scopes allows it" };

interface BoxProps {
  permission: string;
  draft: RoleDraft;
  /** Whether the one who looks may do it, and so may give it. */
  own: boolean;
  onPress: () => void;
}
function Box({ permission, draft, own, onPress }: BoxProps) {
  const box = boxOf(draft, permission);
  const why = box === "seen" || box === "further" ? WHY[box] : !own && box === "open" ? `You may not do this yourself (${permission})` : undefined;
  return (
    <label className={why && "faint"} title={why ?? permission}>
      <input type="checkbox" checked={box !== "open" && box !== "never"} disabled={!!why} onChange={onPress} />
      {verbOf(permission)}
    </label>
  );
}

/** One row for each thing: what may be done with it, or that it is kept away whatever else is allowed. */
function Boxes({ draft, set, permissions, own }: BoxesProps) {
  const lacking = permissions.some((p) => !own.includes(p));
  return (
    <div className="stackv">
      <fieldset className="checks">
        <legend className="sr">Everything</legend>
        <label><input type="checkbox" checked={draft.seeAll} onChange={(e) => set({ seeAll: e.target.checked })} />See everything, also what a later version adds</label>
      </fieldset>
      <table className="t tops matrix boxes">
        <thead><tr><th scope="col">What</th><th scope="col">They may</th><th scope="col">Never</th></tr></thead>
        <tbody>
          {nouns(permissions).map(({ noun, label, permissions: of }) => (
            <tr key={noun}>
              <th scope="row">{label}</th>
              <td>
                <fieldset className="checks inline" disabled={draft.never.includes(noun)}>
                  <legend className="sr">{label}</legend>
                  {of.map((p) => <Box key={p} permission={p} draft={draft} own={own.includes(p)} onPress={() => set({ allowed: pressed(draft, p, own) })} />)}
                </fieldset>
              </td>
              <td><input type="checkbox" aria-label={`Never: ${label}`} checked={draft.never.includes(noun)} onChange={() => set({ never: toggled(draft.never, noun) })} /></td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="dim">“Never” wins over everything that is allowed.{lacking && " What you may not do yourself you cannot give to others."}</p>
    </div>
  );
}

export function RoleForm({ role, permissions, own, onClose }: { role?: RoleView; permissions: string[]; own: string[]; onClose: () => void }) {
  const client = useQueryClient();
  const form = useForm(draftOf(role, permissions));
  const v = form.values;
  const save = useMutation({
    mutationFn: () => (role ? take(api.PATCH("/roles/{id}", { params: { path: { id: role.id } }, body: bodyOf(v) })) : take(api.POST("/roles", { body: bodyOf(v) }))),
    onSuccess: () => {
      for (const key of ["people", "me"]) void client.invalidateQueries({ queryKey: [key] });
      toast({ title: role ? `Changed ${v.name.trim()}` : `Made the role ${v.name.trim()}` });
      onClose();
    },
  });
  const e = fieldErrors(save.error);
  const more = !!(v.moreAllowed || v.moreDenied || e.allowed || e.denied);
  return (
    <SideForm title={role ? `Change ${role.name}` : "New role"} submit={role ? "Save" : "Make the role"} onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={["name", "description", "allowed", "denied"]} blocked={!v.name.trim() && "Give it a name first"}>
      {role && role.people > 0 && <p className="dim">What you change counts at once for {role.people === 1 ? "the one person" : `the ${role.people} people`} with this role.</p>}
      <TextField label="Name" {...form.bind("name")} error={e.name} autoFocus required />
      <TextField label="What it is for" {...form.bind("description")} error={e.description} />
      <Section title="What they may do"><Boxes draft={v} set={form.set} permissions={permissions} own={own} /></Section>
      <details open={more || undefined}>
        <summary>Further scopes</summary>
        <div className="stackv" style={{ paddingTop: 8 }}>
          <TextField label="Allowed as well" value={v.moreAllowed} onChange={(moreAllowed) => form.set({ moreAllowed, further: [] })} error={e.allowed} mono hint="resource:action, with a * for a whole part, such as *:write. What could do lasting harm no * allows; tick that above." />
          <TextField label="Denied as well" {...form.bind("moreDenied")} error={e.denied} mono />
        </div>
      </details>
    </SideForm>
  );
}
