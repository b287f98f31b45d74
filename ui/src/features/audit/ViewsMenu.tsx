import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, errorWords, fieldErrors, take, type SavedFilter, type SavedViewView } from "@/api";
import { Confirm, SideForm, useForm } from "@/components";
import { Checks, MenuButton, TextField, toast, type MenuChoice } from "@/ui";
import { viewsQuery, type Choice, type Shown } from "./views";

type Asking = { what: "save" } | { what: "rename" | "delete"; view: SavedViewView };

function useViewsChanged() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: viewsQuery.queryKey });
}

/** A name, and whether others see it: for a new view, and for one that is renamed. */
function ViewForm({ view, filter, onSaved, onClose }: { view?: SavedViewView; filter: SavedFilter; onSaved: (view: SavedViewView) => void; onClose: () => void }) {
  const changed = useViewsChanged();
  const form = useForm({ name: view?.name ?? "", shared: view?.shared ? ["shared"] : ([] as string[]) });
  const body = { name: form.values.name.trim(), shared: form.values.shared.includes("shared") };
  const save = useMutation({
    mutationFn: () => (view ? take(api.PATCH("/audit/views/{id}", { params: { path: { id: view.id } }, body })) : take(api.POST("/audit/views", { body: { ...body, filter } }))),
    onSuccess: async (saved) => {
      await changed();
      toast({ title: `Saved ${saved.name}`, detail: saved.shared ? "Everybody who reads the trail can choose it" : undefined });
      onSaved(saved);
      onClose();
    },
    gcTime: 0,
  });
  const e = fieldErrors(save.error);
  return (
    <SideForm
      title={view ? `Rename ${view.name}` : "Save this view"} submit="Save" onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={["name"]}
      blocked={!body.name && "Give it a name first"}
    >
      <TextField label="Name" {...form.bind("name")} error={e.name} hint="What it shows, such as Refused in production" autoFocus required />
      <Checks label="Who sees it" value={form.values.shared} onChange={(shared) => form.set({ shared })} options={[{ id: "shared", label: "Share with the workspace", note: "Everybody who may read the audit trail can choose it; you and administrators change it" }]} />
      {!view && <p className="dim">The filters, the text and the time range are kept. A range such as “Last 7 days” moves on with time.</p>}
    </SideForm>
  );
}

function Remove({ view, onRemoved, onClose }: { view: SavedViewView; onRemoved: () => void; onClose: () => void }) {
  const changed = useViewsChanged();
  const remove = useMutation({
    mutationFn: () => take(api.DELETE("/audit/views/{id}", { params: { path: { id: view.id } } })),
    onSuccess: async () => {
      onRemoved();
      await changed();
      toast({ title: `Deleted the view ${view.name}` });
      onClose();
    },
  });
  return (
    <Confirm title={`Delete ${view.name}?`} act="Delete view" pending={remove.isPending} error={remove.error} onConfirm={() => remove.mutate()} onClose={onClose}>
      The entries stay as they are; only the view goes{view.shared ? ", also for everybody it is shared with. Links to it show all entries" : ""}.
    </Confirm>
  );
}

interface Props {
  choices: Choice[];
  shown: Shown;
  filter: SavedFilter;
  filtered: boolean;
  onChoose: (id: string | undefined) => void;
}
/** Choosing a view, and what can be done with the one that is chosen. */
export function ViewsMenu({ choices, shown, filter, filtered, onChoose }: Props) {
  const [asking, setAsking] = useState<Asking | null>(null);
  const changed = useViewsChanged();
  const { chosen, edited } = shown;
  const view = chosen?.saved;
  const mine = view?.may_change ? view : undefined;
  const change = useMutation({
    mutationFn: ({ of, body }: { of: SavedViewView; body: { filter?: SavedFilter; shared?: boolean } }) => take(api.PATCH("/audit/views/{id}", { params: { path: { id: of.id } }, body })),
    onSuccess: async (saved, { body }) => {
      await changed();
      onChoose(saved.id);
      toast({ title: body.shared === undefined ? `Updated ${saved.name}` : saved.shared ? `Shared ${saved.name}` : `${saved.name} is yours alone again` });
    },
    onError: (error) => toast({ title: "The view could not be changed", detail: errorWords(error), bad: true }),
  });
  const acts: MenuChoice[] = [];
  if (mine && edited) acts.push({ id: "update", label: `Update ${mine.name}`, note: "with these filters" });
  if (filtered) acts.push({ id: "save", label: "Save as a new view" });
  if (edited && chosen) acts.push({ id: "back", label: `Back to ${chosen.name}` });
  if (mine) acts.push({ id: "rename", label: "Rename" }, { id: "share", label: mine.shared ? "Stop sharing" : "Share with the workspace" }, { id: "delete", label: "Delete" });
  const act = (id: string) => {
    if (id === "save") setAsking({ what: "save" });
    if (id === "back") onChoose(chosen?.id);
    if (!mine) return;
    if (id === "update") change.mutate({ of: mine, body: { filter } });
    if (id === "share") change.mutate({ of: mine, body: { shared: !mine.shared } });
    if (id === "rename" || id === "delete") setAsking({ what: id, view: mine });
  };
  return (
    <>
      <MenuButton
        start label={chosen ? <><span className="clip viewname">{chosen.name}</span>{edited && <span className="dim">edited</span>}</> : "Views"}
        ariaLabel={chosen ? `View: ${chosen.name}${edited ? " edited" : ""}` : "Views: choose one"} selected={chosen?.id ?? "all"}
        items={[{ id: "all", label: "All entries" }, ...choices.map((c) => ({ id: c.id, label: c.name, note: c.note }))]} onAction={(id) => onChoose(id === "all" ? undefined : id)}
      />
      {acts.length > 0 && <MenuButton start label="Save" ariaLabel="Save or change the view" items={acts} onAction={act} />}
      {asking?.what === "save" && <ViewForm filter={filter} onSaved={(saved) => onChoose(saved.id)} onClose={() => setAsking(null)} />}
      {asking?.what === "rename" && <ViewForm view={asking.view} filter={filter} onSaved={() => undefined} onClose={() => setAsking(null)} />}
      {asking?.what === "delete" && <Remove view={asking.view} onRemoved={() => onChoose(undefined)} onClose={() => setAsking(null)} />}
    </>
  );
}
