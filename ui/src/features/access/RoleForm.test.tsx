import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it } from "vitest";
import { RoleForm } from "./RoleForm";

const ALL = ["tenant:read", "tenant:write", "budget:read", "audit:read"];
const show = (own: string[]) =>
  render(<QueryClientProvider client={new QueryClient()}><RoleForm permissions={ALL} own={own} onClose={() => undefined} /></QueryClientProvider>);
const boxes = (thing: string) => within(screen.getByRole("row", { name: new RegExp(`^${thing}`) }));
const checked = (box: HTMLElement) => (box as HTMLInputElement).checked;

afterEach(cleanup);

it("ticks seeing with changing, by keyboard as well", async () => {
  show(ALL);
  const change = boxes("Tenants").getByLabelText("change");
  change.focus();
  await userEvent.keyboard(" ");
  expect([checked(change), checked(boxes("Tenants").getByLabelText("see"))]).toEqual([true, true]);
});
it("says why a box is fixed", async () => {
  show(["tenant:read", "budget:read"]);
  const change = boxes("Tenants").getByLabelText("change");
  expect([(change as HTMLInputElement).disabled, change.closest("label")?.title]).toEqual([true, "You may not do this yourself (tenant:write)"]);
  await userEvent.click(screen.getByLabelText(/^See everything/));
  const see = boxes("Budgets").getByLabelText("see");
  expect([checked(see), (see as HTMLInputElement).disabled, see.closest("label")?.title]).toEqual([true, true, "Everything may be seen"]);
});
it("keeps a thing away whatever else is ticked", async () => {
  show(ALL);
  await userEvent.click(screen.getByLabelText(/^See everything/));
  await userEvent.click(screen.getByLabelText("Never: Audit trail"));
  expect(checked(boxes("Audit trail").getByLabelText("see"))).toBe(false);
  expect(checked(boxes("Budgets").getByLabelText("see"))).toBe(true);
});
