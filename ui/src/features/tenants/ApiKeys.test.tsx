import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { api, type ApiKeyView, type TenantView } from "@/api";
import { RotateKey, EndPrevious } from "./KeyRotation";

const tenant = { id: "ten_1", name: "Acme" } as TenantView;
const key = (over: Partial<ApiKeyView>): ApiKeyView => ({
  id: "key_1", name: "checkout", prefix: "rvk_new", state: "active", created_at: "2026-11-01T00:00:00Z", expires_at: null, last_used_at: null, revoked_at: null, scopes: ["gateway:call"], rotated_at: null, previous: null, tenant_id: "ten_1", tenant_name: "Acme", created_by: null, ...over,
});
const previous = { prefix: "rvk_old", until: "2026-11-23T00:00:00Z", last_used_at: "2026-11-22T00:00:00Z" };
const show = (what: React.ReactNode) => render(<QueryClientProvider client={new QueryClient()}>{what}</QueryClientProvider>);
const nothing = () => undefined;

afterEach(() => vi.restoreAllMocks());

it("rotates with the overlap that was chosen, and ends no secret that nobody was told of", async () => {
  const post = vi.spyOn(api, "POST").mockImplementation(() => new Promise(nothing) as never);
  show(<RotateKey tenant={tenant} apiKey={key({})} onClose={nothing} onDone={nothing} />);
  await userEvent.click(screen.getByRole("radio", { name: /One hour/ }));
  await userEvent.click(screen.getByRole("button", { name: "Make a new secret" }));
  expect(post.mock.calls[0]?.[1]).toMatchObject({ params: { path: { id: "ten_1", key_id: "key_1" } }, body: { overlap_seconds: 3600, force: false } });
});

it("says before a second rotation that the secret before ends, and who used it", async () => {
  const post = vi.spyOn(api, "POST").mockImplementation(() => new Promise(nothing) as never);
  show(<RotateKey tenant={tenant} apiKey={key({ previous })} onClose={nothing} onDone={nothing} />);
  expect(screen.getByText(/still works and ends now/)).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Make a new secret" }));
  expect(post.mock.calls[0]?.[1]).toMatchObject({ body: { overlap_seconds: 86400, force: true } });
});

it("ends the old secret after saying whether anything uses it", async () => {
  const ended = vi.spyOn(api, "DELETE").mockImplementation(() => new Promise(nothing) as never);
  show(<EndPrevious tenant={tenant} apiKey={key({ previous: { ...previous, last_used_at: null } })} onClose={nothing} />);
  expect(screen.getByText(/Nothing used it since it was replaced/)).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "End it" }));
  expect(ended).toHaveBeenCalledOnce();
});
