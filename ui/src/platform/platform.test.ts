import { afterEach, describe, expect, it, vi } from "vitest";
import { overChannel, tauriPlatform } from "./tauri";
import { retryDelay } from "./reconnect";
import { webPlatform } from "./web";

type Internals = { invoke: (command: string, args: unknown) => Promise<unknown>; transformCallback?: (callback: (raw: unknown) => void) => number };
const host = window as unknown as { __TAURI_INTERNALS__?: Internals };
afterEach(() => {
  delete host.__TAURI_INTERNALS__;
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the window's channel", () => {
  it("carries method, path, headers and body, and rebuilds the reply", async () => {
    const invoke = vi.fn().mockResolvedValue({ status: 201, headers: [["content-type", "application/json"]], body: '{"id":"ten_1"}' });
    host.__TAURI_INTERNALS__ = { invoke };
    const reply = await overChannel(new Request("http://reeve.localhost/api/v1/tenants?x=1", { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } }));
    const [command, { request }] = invoke.mock.calls[0] as [string, { request: Record<string, unknown> }];
    expect(command).toBe("api_request");
    expect(request).toMatchObject({ method: "POST", path: "/api/v1/tenants?x=1", body: "{}" });
    expect(request.headers).toContainEqual(["content-type", "application/json"]);
    expect(reply.status).toBe(201);
    expect(await reply.json()).toEqual({ id: "ten_1" });
  });
  it("sends no body with a question and accepts an empty reply", async () => {
    const invoke = vi.fn().mockResolvedValue({ status: 204, headers: [], body: "" });
    host.__TAURI_INTERNALS__ = { invoke };
    const reply = await overChannel(new Request("http://reeve.localhost/api/v1/budgets/bud_1", { method: "DELETE" }));
    expect((invoke.mock.calls[0] as [string, { request: { body: unknown } }])[1].request.body).toBeNull();
    expect(reply.status).toBe(204);
  });
});

describe("a download", () => {
  it("goes into the file that was chosen in the window, past the page", async () => {
    const invoke = vi.fn().mockResolvedValueOnce("/home/a/export.zip").mockResolvedValueOnce({ status: 200, headers: [], body: "" });
    host.__TAURI_INTERNALS__ = { invoke };
    const place = await tauriPlatform().savePlace("export.zip");
    await place?.(new Request("http://reeve.localhost/api/v1/audit/export?format=bundle"));
    expect(invoke.mock.calls[0]?.slice(0, 2)).toEqual(["pick_export_file", { name: "export.zip" }]);
    expect((invoke.mock.calls[1] as [string, { request: unknown }])[1].request).toMatchObject({ path: "/api/v1/audit/export?format=bundle", save_as: "/home/a/export.zip" });
  });
  it("is not asked for when no file was chosen", async () => {
    host.__TAURI_INTERNALS__ = { invoke: vi.fn().mockResolvedValue(null) };
    expect(await tauriPlatform().savePlace("export.zip")).toBeNull();
  });
  it("is a link in a browser, and a refusal is no file", async () => {
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => {});
    vi.stubGlobal("URL", Object.assign(URL, { createObjectURL: () => "blob:1", revokeObjectURL: () => {} }));
    const fetch = vi.fn().mockResolvedValueOnce(new Response("{}", { status: 400 })).mockResolvedValueOnce(new Response("PK"));
    vi.stubGlobal("fetch", fetch);
    const place = await webPlatform().savePlace("export.zip");
    const ask = () => place?.(new Request("http://localhost/api/v1/audit/export"));
    expect((await ask())?.status).toBe(400);
    expect(click).not.toHaveBeenCalled();
    expect(await (await ask())?.text()).toBe("");
    expect(click).toHaveBeenCalledOnce();
  });
});

class FakeSocket {
  static all: FakeSocket[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((m: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }
  close() {
    this.onclose?.();
  }
}

describe("the browser's event stream", () => {
  it("waits longer after each failure, up to half a minute", () => expect([0, 1, 2, 9].map(retryDelay)).toEqual([1_000, 2_000, 4_000, 30_000]));
  it("comes back with a fresh ticket after it is cut, and stops when asked", async () => {
    vi.useFakeTimers();
    FakeSocket.all = [];
    vi.stubGlobal("WebSocket", FakeSocket);
    let n = 0;
    const states: string[] = [];
    const events: unknown[] = [];
    const stop = webPlatform().subscribe({ onEvent: (e) => events.push(e), onState: (s) => states.push(s) }, () => Promise.resolve(`k${++n}`));
    await vi.advanceTimersByTimeAsync(0);
    FakeSocket.all[0]?.onopen?.();
    FakeSocket.all[0]?.onmessage?.({ data: '{"type":"audit","sequence":7,"id":null}' });
    FakeSocket.all[0]?.onclose?.();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(FakeSocket.all.map((s) => s.url.split("ticket=")[1])).toEqual(["k1", "k2"]);
    expect(events).toEqual([{ type: "audit", sequence: 7, id: null }]);
    stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSocket.all).toHaveLength(2);
    expect(states).toEqual(["live", "connecting", "closed"]);
  });
});

describe("the window's event stream", () => {
  it("takes a ticket, and comes back with another once it is ended", async () => {
    vi.useFakeTimers();
    const tickets: unknown[] = [];
    const channels: ((raw: unknown) => void)[] = [];
    host.__TAURI_INTERNALS__ = {
      invoke: (_, args) => Promise.resolve(void tickets.push((args as { ticket: string }).ticket)),
      transformCallback: (callback) => channels.push(callback),
    };
    let n = 0;
    const [states, events]: [string[], unknown[]] = [[], []];
    const stop = tauriPlatform().subscribe({ onEvent: (e) => events.push(e), onState: (s) => states.push(s) }, () => Promise.resolve(`k${++n}`));
    await vi.advanceTimersByTimeAsync(0);
    channels[0]?.({ index: 0, message: { type: "audit", sequence: 7, id: null } });
    channels[0]?.({ index: 1, message: null });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(tickets).toEqual(["k1", "k2"]);
    stop();
    channels[1]?.({ index: 0, message: { type: "audit", sequence: 8, id: null } });
    channels[1]?.({ index: 1, message: null });
    await vi.advanceTimersByTimeAsync(60_000);
    expect([tickets.length, events, states]).toEqual([2, [{ type: "audit", sequence: 7, id: null }], ["live", "connecting", "live", "closed"]]);
    vi.useRealTimers();
  });
});
