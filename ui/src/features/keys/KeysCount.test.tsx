import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import { expect, it } from "vitest";
import { KeysCount } from "./KeysCount";
import { credentialsQuery } from "./queries";

function show(states: (string | null)[]) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  const items = states.map((state, n) => ({ id: `crd_${n}`, rotation: state && { state, ended_at: null } }));
  client.setQueryData(credentialsQuery.queryKey, { items, next_cursor: null } as never);
  return render(<QueryClientProvider client={client}><KeysCount /></QueryClientProvider>).container.textContent;
}

it("counts the keys that wait for a person, and says so in words", () => {
  expect(show([null, "draining", "awaiting_operator", "needs_attention"])).toBe("2, 2 keys wait for you");
  expect(show(["awaiting_operator"])).toBe("1, 1 key waits for you");
});
it("shows nothing where none waits", () => {
  expect(show([null, "draining"])).toBe("");
});
