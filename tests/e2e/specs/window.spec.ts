import OpenAI from "openai";
import { expect, test } from "../support/world";
import { freePort, Window } from "../support/window";

test.skip(process.platform !== "linux", "the web view's driver is WebKitGTK's");

test("the real window: first run, a charged call, a megabyte through the bridge, and a second start", async ({ provider, dataDir }) => {
  test.setTimeout(300_000);
  const gatewayPort = await freePort();
  let window = await Window.open(dataDir, gatewayPort);
  try {
    await window.field("Workspace name", "Meridian Labs");
    await window.field("Your name", "First Admin");
    await window.field("E-mail", "admin@example.com");
    await window.button("Continue");
    await window.button("Later, under Vault");
    await window.field("Tenant name", "Northwind");
    await window.button("Create tenant");

    // The rest of the journey is the browser's; here the same API answers through the bridge.
    const key = await api<{ secret: string }>(window, provider);
    const openai = new OpenAI({ apiKey: key.secret, baseURL: `http://127.0.0.1:${gatewayPort}/v1`, maxRetries: 0 });
    await openai.chat.completions.create({ model: "gpt-4o", messages: [{ role: "user", content: "Hello" }] });
    expect((await provider.totals()).calls).toBe(1);

    // Bodies of up to a megabyte cross the bridge whole: the answer names the very end of what was sent.
    const size = 1024 * 1024 - 200;
    const status = await window.run<{ status: number; detail: string }>(
      `const done = arguments[arguments.length - 1];
       const notes = "x".repeat(arguments[0]) + "END";
       window.__TAURI_INTERNALS__.invoke("api_request", { request: { method: "POST", path: "/api/v1/tenants",
         headers: [["content-type", "application/json"]], body: JSON.stringify({ name: "Big", tier: "free", notes }) } })
         .then((r) => done({ status: r.status, detail: r.body }), (e) => done({ status: 0, detail: String(e) }));`,
      size,
    );
    expect(status.status, status.detail.slice(0, 300)).toBe(400);
    expect(status.detail).toContain("5,000 characters");

    const outside = await window.run<{ status: number }>(
      `const done = arguments[arguments.length - 1];
       window.__TAURI_INTERNALS__.invoke("api_request", { request: { method: "GET", path: "/health/live", headers: [], body: null } })
         .then((r) => done({ status: r.status }), () => done({ status: 0 }));`,
    );
    expect(outside.status).not.toBe(200);
  } finally {
    await window.close();
  }

  window = await Window.open(dataDir, gatewayPort);
  try {
    // No password was set, so the window of this account opens without a sign-in, and everything is there.
    await window.find("//h1[normalize-space()='Overview']");
    await expect.poll(() => window.text()).toContain("Northwind");
  } finally {
    await window.close();
  }
});

async function api<T>(window: Window, provider: { base_url: string; key: string }): Promise<T> {
  return window.run<T>(
    `const [base_url, api_key, done] = arguments;
     const call = (method, path, body) => window.__TAURI_INTERNALS__.invoke("api_request", { request: { method, path: "/api/v1" + path,
       headers: [["content-type", "application/json"]], body: body ? JSON.stringify(body) : null } }).then((r) => JSON.parse(r.body));
     (async () => {
       await call("POST", "/credentials", { name: "production", provider: "openai", base_url, api_key });
       const tenants = await call("GET", "/tenants", null);
       done(await call("POST", "/tenants/" + tenants.items[0].id + "/api-keys", { name: "first-key" }));
     })().catch((e) => done({ secret: String(e) }));`,
    provider.base_url,
    provider.key,
  );
}
