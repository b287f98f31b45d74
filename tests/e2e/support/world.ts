import { test as base } from "@playwright/test";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { start, type Started } from "./process";

interface Provider {
  base_url: string;
  key: string;
}
interface Server {
  console: string;
  gateway: string;
}
export interface Totals {
  calls: number;
  input_tokens: number;
  output_tokens: number;
}

export const ADMIN = { name: "First Admin", email: "admin@example.com", password: "a long enough passphrase 1" };
// The same for every start in this run.
const SECRET = randomBytes(32).toString("base64");

/** The management API as a program would call it. */
export class Api {
  constructor(
    readonly console: string,
    private readonly token: string,
  ) {}

  static async register(console: string): Promise<Api> {
    const body = { workspace_name: "Meridian Labs", time_zone: "Europe/Berlin", ...ADMIN };
    const session = await call<{ access_token: string }>(console, "POST", "/auth/register", body);
    return new Api(console, session.access_token);
  }

  get = <T>(path: string): Promise<T> => call(this.console, "GET", path, undefined, this.token);
  post = <T>(path: string, body: unknown = {}): Promise<T> => call(this.console, "POST", path, body, this.token);
  patch = <T>(path: string, body: unknown): Promise<T> => call(this.console, "PATCH", path, body, this.token);
}

async function call<T>(console: string, method: string, path: string, body?: unknown, token?: string): Promise<T> {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  if (body !== undefined) headers["content-type"] = "application/json";
  const response = await fetch(`${console}/api/v1${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

/** A workspace with a tenant, a provider key and an API key. */
export interface Ready {
  api: Api;
  tenant: string;
  key: string;
  openai: OpenAI;
}

export async function workspace(server: Server, provider: Provider, tier = "professional"): Promise<Ready> {
  const api = await Api.register(server.console);
  const tenant = await api.post<{ id: string }>("/tenants", { name: "Northwind", tier });
  await api.post("/credentials", { name: "production", provider: "openai", base_url: provider.base_url, api_key: provider.key });
  const minted = await api.post<{ secret: string }>(`/tenants/${tenant.id}/api-keys`, { name: "first-key" });
  const openai = new OpenAI({ apiKey: minted.secret, baseURL: server.gateway, maxRetries: 0 });
  return { api, tenant: tenant.id, key: minted.secret, openai };
}

interface World {
  dataDir: string;
  provider: Provider & { totals: () => Promise<Totals> };
  server: Server & { process: Started<Server> };
}

/** Every test has its own provider, data folder and server. */
export const test = base.extend<World>({
  dataDir: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), "reeve-e2e-"));
    await use(folder);
    await rm(folder, { recursive: true, force: true });
  },
  provider: async ({}, use) => {
    const provider = await start<Provider>("scripted-provider", []);
    const root = provider.ready.base_url.replace(/\/v1$/, "");
    await use({ ...provider.ready, totals: async () => (await (await fetch(`${root}/totals`)).json()) as Totals });
    await provider.stop();
  },
  server: async ({ dataDir }, use) => {
    const server = await serve(dataDir);
    await use({ ...server.ready, process: server });
    await server.stop();
  },
});

export const serve = (dataDir: string): Promise<Started<Server>> =>
  start<Server>("reeve-server", ["serve", "--data", dataDir, "--listen", "127.0.0.1:0", "--gateway", "127.0.0.1:0"], { KEY_ENCRYPTION_SECRET: SECRET });

export { expect } from "@playwright/test";
