import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { BackupStatusView, RestoreKeyView, RestorePreviewView, RestoreProbesView } from "@/api";
import { changesOf, fateOf, hintOf, probeWords, toBase64, verdictOf } from "./backup";
import { PreviewOf, RestoreSheet } from "./Restore";

const status = (over: Partial<BackupStatusView>): BackupStatusView => ({ made_at: "2026-11-20T00:00:00Z", made_keys: 2, keys: 2, newer: 0, recovery_code: true, ...over });
const key = (over: Partial<RestoreKeyView>): RestoreKeyView => ({ id: "crd_1", noun: "credential", name: "OpenAI", provider: "openai", version: 3, last4: "abcd", standing: "new", here_version: null, here_last4: null, here_revoked: false, replaceable: false, why: null, ...over });
const preview = (keys: RestoreKeyView[], over: Partial<RestorePreviewView> = {}): RestorePreviewView => ({ made_at: "2026-11-20T00:00:00Z", vault_id: "00", same_vault: true, older: false, keys, only_here: 0, ...over });
const probes = (oks: boolean[], over: Partial<RestoreProbesView> = {}): RestoreProbesView => ({
  restored_at: "2026-11-20T00:00:00Z", total: oks.length, ended: true,
  items: oks.map((ok, i) => ({ credential_id: `crd_${i}`, name: `Key ${i}`, provider: "openai", version: 1, last4: "abcd", ok, status: ok ? 200 : 401, message: ok ? "The provider takes this key." : "The provider refuses this key." })), ...over,
});

describe("the hint", () => {
  it("says when there is none, or the last one lacks a key", () => {
    expect(hintOf(status({ made_at: null }))).toMatch(/no backup.*2 keys/);
    expect(hintOf(status({ newer: 1 }))).toMatch(/One key .* is not in it/);
    expect(hintOf(status({ newer: 2 }))).toMatch(/2 keys .* are not in it/);
  });
  it("is silent where nothing is to be done", () => {
    expect(hintOf(status({}))).toBeNull();
    expect(hintOf(status({ made_at: null, keys: 0 }))).toBeNull();
  });
});

describe("what happens to a key", () => {
  it("is told for every standing, and names why", () => {
    expect(fateOf(key({}), false)).toBe("Is added.");
    expect(fateOf(key({ standing: "newer_here", why: "It was revoked here since." }), false)).toBe("It was revoked here since. The one here stays.");
    expect(fateOf(key({ standing: "newer_here" }), true)).toMatch(/backup's key is put into use/);
  });
  it("is counted with what was named", () => {
    const view = preview([key({}), key({ id: "crd_2", standing: "same" }), key({ id: "crd_3", standing: "newer_in_file" }), key({ id: "crd_4", standing: "newer_here", replaceable: true })]);
    expect(changesOf(view, [])).toBe(2);
    expect(changesOf(view, ["crd_4"])).toBe(3);
  });
});

it("says how the keys fared, never that all is well before it is", () => {
  expect(probeWords(probes([true], { total: 3, ended: false }))).toMatch(/1 of 3/);
  expect(probeWords(probes([true, true]))).toBe("All 2 keys work.");
  expect(probeWords(probes([false, true]))).toBe("1 of 2 keys does not work.");
  expect(probeWords(probes([]))).toMatch(/no key/);
});

it("takes no key for dead whose provider said nothing of it", () => {
  expect([200, 401, 403, 429, 500, null].map((s) => verdictOf({ ok: s === 200, status: s }))).toEqual(["works", "dead", "dead", "unclear", "unclear", "unclear"]);
  const view = probes([true, false]);
  expect(probeWords({ ...view, items: view.items.map((p) => ({ ...p, status: p.ok ? 200 : null })) })).toMatch(/^1 of 2 keys works; .* not known yet/);
});

it("reads a file's bytes as they are", async () => {
  expect(await toBase64(new Blob([new Uint8Array([0, 255, 10, 13])]))).toBe("AP8KDQ==");
});

it("offers what is newer here only to be named, and warns before an older backup", async () => {
  const onReplace = vi.fn();
  function Held() {
    const [replace, set] = useState<string[]>([]);
    const view = preview([key({ standing: "newer_here", replaceable: true, here_version: 4, here_last4: "wxyz" }), key({ id: "crd_2", name: "Gone", standing: "newer_here", here_revoked: true, here_version: 3, here_last4: "abcd", why: "It was revoked here since." })], { older: true });
    return <QueryClientProvider client={new QueryClient()}><PreviewOf view={view} replace={replace} onReplace={(ids) => { set(ids); onReplace(ids); }} /></QueryClientProvider>;
  }
  render(<Held />);
  expect(screen.getByText(/older than the vault/)).toBeTruthy();
  expect(screen.getAllByRole("checkbox")).toHaveLength(1);
  await userEvent.setup().click(screen.getByRole("checkbox"));
  expect(onReplace).toHaveBeenCalledWith(["crd_1"]);
  expect(screen.getByText(/backup's key is put into use/)).toBeTruthy();
});

describe("restoring", () => {
  afterEach(() => vi.unstubAllGlobals());
  // A busy machine draws late; nothing here is about time.
  const patient = { timeout: 15_000 };
  const answer = (body: unknown, code = 200) => new Response(JSON.stringify(body), { status: code, headers: { "content-type": code === 200 ? "application/json" : "application/problem+json" } });

  it("leads from the file over what would change to the keys that do not work", async () => {
    const asked: [string, unknown][] = [];
    vi.stubGlobal("fetch", vi.fn(async (input: Request) => {
      const path = new URL(input.url).pathname.replace("/api/v1", "");
      if (input.method === "POST") asked.push([path, await input.json()]);
      if (path === "/vault/restore/preview" && asked.length === 1)
        return answer({ type: "about:blank", title: "Invalid", status: 400, code: "invalid", detail: "No.", request_id: null, fields: [{ field: "recovery_code", message: "This recovery code does not open the backup." }] }, 400);
      if (path === "/vault/restore/preview") return answer(preview([key({})]));
      if (path === "/vault/restore") return answer({ preview: preview([key({})]), replaced: [], changed: 1 });
      if (path === "/vault/restore/probes") return answer(probes([false, true]));
      return answer({});
    }));
    const user = userEvent.setup();
    render(<QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}><RestoreSheet onClose={() => undefined} /></QueryClientProvider>);
    await user.upload(screen.getByLabelText("Backup file"), new File(["abc"], "keys.reeve-backup"));
    await screen.findByText("keys.reeve-backup", {}, patient);
    await user.type(screen.getByRole("textbox", { name: "Recovery code" }), "wrong");
    await user.click(screen.getByRole("button", { name: "Look at it" }));
    await screen.findByText("This recovery code does not open the backup.", {}, patient);
    await user.click(screen.getByRole("button", { name: "Look at it" }));
    await user.click(await screen.findByRole("button", { name: "Restore 1 key" }, patient));
    await screen.findByText("1 of 2 keys does not work.", {}, patient);
    await waitFor(() => expect(asked.at(-1)).toEqual(["/vault/restore", { file: "YWJj", recovery_code: "wrong", replace: [] }]));
    expect(screen.getByText("does not work")).toBeTruthy();
  }, 60_000);
});
