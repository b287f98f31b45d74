import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, it, vi } from "vitest";
import { Button, ComboBox, Meter, TextField } from "@/ui";
import { col, Confirm, DataTable, SideForm, TokenBox, vaultWords, type FilterField } from ".";
import { suggest } from "./TokenBox";

interface Row {
  id: string;
  name: string;
}
const ROWS: Row[] = ["a", "b", "c"].map((id) => ({ id, name: `Row ${id}` }));
const COLUMNS = [col<Row>("Name", "1fr", (r) => r.name)];

function List({ onSelect }: { onSelect: (id: string | undefined) => void }) {
  const [selected, set] = useState<string | undefined>();
  return <DataTable label="Rows" columns={COLUMNS} rows={ROWS} rowId={(r) => r.id} total={1204993} selected={selected} onSelect={(id) => { set(id); onSelect(id); }} />;
}

it("moves the selection with the arrow keys and closes with Escape", () => {
  const onSelect = vi.fn();
  render(<List onSelect={onSelect} />);
  const grid = screen.getByRole("grid", { name: "Rows" });
  for (const key of ["ArrowDown", "ArrowDown", "End", "ArrowUp", "Escape"]) fireEvent.keyDown(grid, { key });
  expect(onSelect.mock.calls.map(([id]) => id as string | undefined)).toEqual(["a", "b", "c", "b", undefined]);
});
it("tells readers how many rows there are, not how many are drawn", () => {
  render(<List onSelect={() => undefined} />);
  expect(screen.getByRole("grid").getAttribute("aria-rowcount")).toBe("1204994");
});
it("shows the designed empty state instead of an empty table", () => {
  render(<DataTable label="Rows" columns={COLUMNS} rows={[]} rowId={(r) => r.id} empty={<p>No rows yet</p>} />);
  expect(screen.queryByRole("grid")).toBeNull();
  expect(screen.getByText("No rows yet")).toBeTruthy();
});

it("leaves the focus on a button of a row when the list is drawn again", () => {
  const draw = () => <DataTable label="Rows" columns={[col<Row>("Act", "1fr", (r) => <button type="button">Edit {r.id}</button>)]} rows={ROWS} rowId={(r) => r.id} />;
  // Rows are drawn as far as the list is high, and here nothing has a height of its own.
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(600);
  const { rerender } = render(draw());
  const button = screen.getByRole("button", { name: "Edit b" });
  button.focus();
  rerender(draw());
  expect(document.activeElement).toBe(button);
});

it("does not confirm before the name is typed", async () => {
  const onConfirm = vi.fn();
  render(<Confirm title="Archive Acme Corp?" act="Archive" type={{ text: "Acme Corp", of: "name" }} pending={false} error={null} onConfirm={onConfirm} onClose={() => undefined}>It stops.</Confirm>);
  const user = userEvent.setup();
  expect(screen.getByRole("button", { name: "Archive" }).getAttribute("aria-disabled")).toBe("true");
  await user.type(screen.getByLabelText("Type Acme Corp to confirm"), "Acme");
  await user.keyboard("{Enter}");
  expect(onConfirm).not.toHaveBeenCalled();
  await user.type(screen.getByLabelText("Type Acme Corp to confirm"), " Corp");
  await user.click(screen.getByRole("button", { name: "Archive" }));
  expect(onConfirm).toHaveBeenCalledTimes(1);
});

function Incomplete({ onSubmit }: { onSubmit: () => void }) {
  const [[name, note, tenant], set] = useState<[string, string, string | null]>(["", "", null]);
  const blocked = !name.trim() ? "Give it a name first" : !tenant ? "Choose a tenant first" : null;
  return (
    <SideForm title="New key" submit="Create key" onSubmit={onSubmit} onClose={() => undefined} pending={false} error={null} shown={[]} blocked={blocked}>
      <TextField label="Note" value={note} onChange={(text) => set([name, text, tenant])} />
      <TextField label="Name" value={name} onChange={(text) => set([text, note, tenant])} required />
      <ComboBox label="Tenant" value={tenant} onChange={(id) => set([name, note, id])} options={[{ id: "ten_1", label: "Northwind" }]} />
    </SideForm>
  );
}
it("says on Enter what an incomplete form lacks, and goes there", async () => {
  const onSubmit = vi.fn();
  render(<Incomplete onSubmit={onSubmit} />);
  const user = userEvent.setup();
  expect(screen.queryByRole("alert")).toBeNull();
  await user.click(screen.getByLabelText("Note"));
  await user.keyboard("first{Enter}");
  expect(screen.getByRole("alert").textContent).toBe("Give it a name first");
  const name = screen.getByLabelText("Name");
  expect([document.activeElement, name.getAttribute("aria-invalid")]).toEqual([name, "true"]);
  expect(screen.getAllByText("This is needed.")).toHaveLength(1);
  expect(screen.getByLabelText("Note").getAttribute("aria-invalid")).toBeNull();

  await user.keyboard("checkout");
  expect(screen.queryByText("This is needed.")).toBeNull();
  expect(screen.getByRole("alert").textContent).toBe("Choose a tenant first");
  await user.keyboard("{Enter}");
  expect(document.activeElement).toBe(screen.getByRole("combobox"));
  expect(screen.getByText("Choose one.")).toBeTruthy();
  expect(onSubmit).not.toHaveBeenCalled();

  await user.keyboard("North{ArrowDown}{Enter}");
  expect(screen.queryByRole("alert")).toBeNull();
  await user.click(screen.getByLabelText("Note"));
  await user.keyboard("{Enter}");
  expect(onSubmit).toHaveBeenCalledTimes(1);
});
it("says it on a press as well", async () => {
  const onSubmit = vi.fn();
  render(<Incomplete onSubmit={onSubmit} />);
  await userEvent.setup().click(screen.getByRole("button", { name: "Create key" }));
  expect(screen.getByRole("alert").textContent).toBe("Give it a name first");
  expect([document.activeElement === screen.getByLabelText("Name"), onSubmit.mock.calls.length]).toEqual([true, 0]);
});
it("keeps a disabled button in the tab order, with its reason", async () => {
  const onPress = vi.fn();
  render(<Button onPress={onPress} disabledReason="Your role does not allow this">New tenant</Button>);
  const user = userEvent.setup();
  await user.tab();
  expect(document.activeElement?.textContent).toBe("New tenant");
  expect((await screen.findByRole("tooltip")).textContent).toBe("Your role does not allow this");
  await user.click(screen.getByRole("button"));
  expect(onPress).not.toHaveBeenCalled();
});
it("leaves room for spending beyond the limit", () => {
  const { container } = render(<Meter spent={100} reserved={10} projected={null} tone="bad" label="100% used" />);
  expect(screen.getByRole("img", { name: "100% used" })).toBeTruthy();
  expect(container.querySelector<HTMLElement>(".b")?.style.width).toBe("80%");
});

const FIELDS: FilterField[] = [
  { id: "outcome", label: "outcome", hint: "", values: [{ id: "ok", label: "ok" }, { id: "not ok", label: "not ok" }] },
  { id: "tenant", label: "tenant", hint: "", values: [{ id: "ten_1", label: "Northwind" }] },
  { id: "actor", label: "actor", hint: "", values: [] },
];
it("suggests fields first, then the values of the chosen field", () => {
  expect(suggest("", FIELDS).map((s) => s.label)).toEqual(["outcome:", "tenant:", "actor:"]);
  expect(suggest("outcome:", FIELDS).map((s) => s.id)).toEqual(["v|outcome|ok", "v|outcome|not ok"]);
  expect(suggest("north", FIELDS).map((s) => s.id)).toEqual(["v|tenant|ten_1", "q"]);
});
it("takes a typed value only where free text makes sense", () => {
  expect(suggest("actor:admin", FIELDS).map((s) => s.id)).toEqual(["v|actor|admin"]);
  expect(suggest("tenant:nobody", FIELDS)).toEqual([]);
});
it("builds a token by keyboard alone and takes it away with Backspace", async () => {
  const onChange = vi.fn();
  const { rerender } = render(<TokenBox label="Filter" fields={FIELDS} tokens={[]} q={undefined} onChange={onChange} />);
  const user = userEvent.setup();
  await user.click(screen.getByRole("searchbox"));
  await user.keyboard("outcome:not");
  await user.keyboard("{ArrowDown}{Enter}");
  expect(onChange).toHaveBeenLastCalledWith([{ field: "outcome", value: "not ok" }], undefined);
  rerender(<TokenBox label="Filter" fields={FIELDS} tokens={[{ field: "outcome", value: "not ok" }]} q={undefined} onChange={onChange} />);
  await user.click(screen.getByRole("searchbox"));
  await user.keyboard("{Backspace}");
  expect(onChange).toHaveBeenLastCalledWith([], undefined);
});
it("searches for text on Enter", async () => {
  const onChange = vi.fn();
  render(<QueryClientProvider client={new QueryClient()}><TokenBox label="Filter" fields={FIELDS} tokens={[]} q={undefined} onChange={onChange} /></QueryClientProvider>);
  const user = userEvent.setup();
  await user.click(screen.getByRole("searchbox"));
  await user.keyboard("refund{Enter}");
  expect(onChange).toHaveBeenLastCalledWith([], "refund");
});
it("always offers a way out of a locked vault", () => {
  for (const reason of ["key_missing", "keyring_locked", "no_service", "key_mismatch", "corrupt", "something new"])
    expect(vaultWords({ reason, message: null }).out.length).toBeGreaterThan(20);
});
