import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import type { SavedViewView } from "@/api";
import type { AuditSearch } from "./queries";
import { choicesOf, resolveView } from "./views";
import { ViewsMenu } from "./ViewsMenu";

const filter = { event_types: ["auth.failed"], stream: null, actor: null, tenant_id: null, resource_type: null, resource_id: null, outcome: null, not_ok: false, q: null, last: null, from: null, to: null };
const saved = (patch: Partial<SavedViewView>): SavedViewView => ({ id: "viw_1", name: "Turned away", shared: true, own: true, may_change: true, owner_id: "usr_1", owner_name: "Dana", filter, created_at: "", updated_at: "", ...patch });

function show(search: AuditSearch, view: SavedViewView) {
  const choices = choicesOf([view]);
  const onChoose = vi.fn();
  const shown = resolveView(search, choices);
  render(
    <QueryClientProvider client={new QueryClient()}>
      <ViewsMenu choices={choices} shown={shown} filter={{}} filtered={!!shown.parts.filters} onChoose={onChoose} />
    </QueryClientProvider>,
  );
  return onChoose;
}
const acts = async () => {
  await userEvent.click(screen.getByRole("button", { name: "Save or change the view" }));
  return screen.getAllByRole("menuitem").map((item) => item.textContent);
};

it("offers Reeve's own views and those that people saved, and says whose they are", async () => {
  const onChoose = show({}, saved({ own: false }));
  expect(screen.queryByRole("button", { name: "Save or change the view" })).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Views: choose one" }));
  expect(screen.getAllByRole("menuitemradio").map((item) => item.textContent)).toEqual([
    "All entries", "Failed sign-insbuilt in", "Deniedbuilt in", "Key changesbuilt in", "Exportsbuilt in", "Criticalbuilt in", "Turned awayshared by Dana",
  ]);
  await userEvent.click(screen.getByRole("menuitemradio", { name: /Turned away/ }));
  expect(onChoose).toHaveBeenCalledWith("viw_1");
});
it("updates a view only where it was changed, and by who may", async () => {
  show({ view: "viw_1", filters: "event:key.import" }, saved({}));
  expect(screen.getByRole("button", { name: "View: Turned away edited" })).toBeTruthy();
  expect(await acts()).toEqual(["Update Turned awaywith these filters", "Save as a new view", "Back to Turned away", "Rename", "Stop sharing", "Delete"]);
});
it("leaves a view of somebody else as it is", async () => {
  show({ view: "viw_1", filters: "event:key.import" }, saved({ own: false, may_change: false }));
  expect(await acts()).toEqual(["Save as a new view", "Back to Turned away"]);
});
it("leaves Reeve's own views as they are", async () => {
  show({ view: "exports" }, saved({}));
  expect(await acts()).toEqual(["Save as a new view"]);
});
