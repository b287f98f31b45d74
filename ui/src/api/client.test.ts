import { beforeEach, describe, expect, it, vi } from "vitest";
import { authenticated } from "./client";
import { session } from "./session";
import { stepUp } from "./stepUp";

const ORIGIN = "http://localhost";
const at = (path: string, init?: RequestInit) => new Request(`${ORIGIN}/api/v1${path}`, init);
const user = { id: "usr_1", name: "m", email: "m@example.com", role: "admin", has_password: true, created_at: "" };

/** A server that accepts only the newest token and counts refreshes. */
function server(refreshWorks = true) {
  let valid = "t0";
  const seen: string[] = [];
  const send = vi.fn(async (request: Request): Promise<Response> => {
    const path = new URL(request.url).pathname;
    seen.push(path);
    await Promise.resolve();
    if (path.endsWith("/auth/refresh")) {
      if (!refreshWorks) return new Response(null, { status: 401 });
      valid = `t${seen.length}`;
      return Response.json({ access_token: valid, expires_in: 60, user });
    }
    if (path.endsWith("/auth/login")) return new Response(null, { status: 401 });
    if (request.headers.get("Authorization") !== `Bearer ${valid}`) return new Response(null, { status: 401 });
    return new Response(await request.text());
  });
  return { send, refreshes: () => seen.filter((p) => p.endsWith("/auth/refresh")).length };
}

beforeEach(() => {
  session.close();
  session.whenLost(() => undefined);
});

describe("authenticated", () => {
  it("renews the token once for calls that are refused together, and repeats them", async () => {
    const s = server();
    const { send } = authenticated(s.send, ORIGIN);
    const replies = await Promise.all([send(at("/tenants")), send(at("/budgets")), send(at("/overview"))]);
    expect(replies.map((r) => r.status)).toEqual([200, 200, 200]);
    expect(s.refreshes()).toBe(1);
  });
  it("sends the body again after a renewal", async () => {
    const { send } = authenticated(server().send, ORIGIN);
    const reply = await send(at("/tenants", { method: "POST", body: '{"name":"Acme"}' }));
    expect(await reply.text()).toBe('{"name":"Acme"}');
  });
  it("ends the session when the renewal is refused", async () => {
    const lost = vi.fn();
    session.whenLost(lost);
    const s = server(false);
    const { send } = authenticated(s.send, ORIGIN);
    expect((await send(at("/tenants"))).status).toBe(401);
    expect(lost).toHaveBeenCalledTimes(1);
    expect(s.refreshes()).toBe(1);
  });
  it("never renews for a sign-in that was refused", async () => {
    const s = server();
    const { send } = authenticated(s.send, ORIGIN);
    expect((await send(at("/auth/login", { method: "POST" }))).status).toBe(401);
    expect(s.refreshes()).toBe(0);
  });
  it("asks for the password once for calls that need it together, and repeats them with their bodies", async () => {
    let proved = false;
    const send = async (request: Request): Promise<Response> =>
      proved ? new Response(await request.text()) : Response.json({ code: "step_up_required", status: 403, detail: "" }, { status: 403 });
    const client = authenticated(send, ORIGIN);
    const calls = Promise.all(["one", "two"].map((body) => client.send(at("/vault/slots", { method: "POST", body }))));
    await vi.waitFor(() => expect(stepUp.open()).toBe(true));
    proved = true;
    stepUp.done(true);
    const texts = await Promise.all((await calls).map((r) => r.text()));
    expect(texts).toEqual(["one", "two"]);
    expect(stepUp.open()).toBe(false);
  });
  it("hands back the refusal when the password is not given, and asks nothing of other refusals", async () => {
    const refuse = (code: string) => authenticated(() => Promise.resolve(Response.json({ code }, { status: 403 })), ORIGIN);
    const call = refuse("step_up_required").send(at("/vault/slots"));
    await vi.waitFor(() => expect(stepUp.open()).toBe(true));
    stepUp.done(false);
    expect(await (await call).json()).toEqual({ code: "step_up_required" });
    expect((await refuse("forbidden").send(at("/tenants"))).status).toBe(403);
    expect(stepUp.open()).toBe(false);
  });
  it("keeps the token out of storage", async () => {
    const { send } = authenticated(server().send, ORIGIN);
    await send(at("/tenants"));
    expect(session.token()).not.toBeNull();
    expect(JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain(session.token());
  });
});
