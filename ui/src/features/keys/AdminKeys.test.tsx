import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import type { ControlCredentialView } from "@/api";
import { AdminKeys } from "./AdminKeys";
import { controlOf, isFilledIn, OWN_KINDS } from "./kinds";
import { controlCredentialsQuery, providersQuery } from "./queries";

const admin = (over: Partial<ControlCredentialView>): ControlCredentialView => ({
  id: "ctl_1", name: "Main", provider: "openai", fingerprint: "f", last4: "abcd", used_by: [], renewed_by: null, created_at: "2026-11-20T00:00:00Z", changed_at: "2026-11-20T00:00:00Z", last_used_at: null, ...over,
});

function show(items: ControlCredentialView[]) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  client.setQueryData(controlCredentialsQuery.queryKey, { items });
  client.setQueryData(providersQuery.queryKey, { items: [] });
  render(<QueryClientProvider client={client}><AdminKeys may={null} onClose={() => undefined} /></QueryClientProvider>);
}

const more = (name: string) => userEvent.click(screen.getByRole("button", { name: `More for ${name}` }));

it("offers to replace by itself only what can make another of its own kind", async () => {
  show([admin({}), admin({ id: "ctl_2", name: "Router", provider: "openrouter" })]);
  await more("Router");
  expect(screen.getAllByRole("menuitem").map((item) => item.textContent)).toEqual(["Remove"]);
  await userEvent.keyboard("{Escape}");
  await more("Main");
  expect(screen.getAllByRole("menuitem").map((item) => item.textContent)).toEqual(["Replace by itself", "Remove"]);
});

it("lets what replaces itself be neither removed nor replaced twice, and asks before that ends", async () => {
  show([admin({ renewed_by: "crd_1" })]);
  await more("Main");
  expect(screen.getByRole("menuitem", { name: "Remove" }).getAttribute("aria-disabled")).toBe("true");
  await userEvent.click(screen.getByRole("menuitem", { name: "Replace by hand" }));
  expect(screen.getByText(/nobody replaces it until you do/)).toBeTruthy();
});

it("asks for what the provider needs, and sends it without the blanks", () => {
  const aws = OWN_KINDS.find((k) => k.id === "aws_iam")!;
  expect(isFilledIn(aws, { user_name: "reeve", region: " " })).toBe(false);
  expect(isFilledIn(aws, { user_name: "reeve", region: "eu-central-1" })).toBe(true);
  expect(controlOf(aws, { user_name: " reeve ", region: "eu-central-1" })).toEqual({ kind: "aws_iam", user_name: "reeve", region: "eu-central-1" });
});
