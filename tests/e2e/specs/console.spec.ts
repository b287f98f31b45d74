import type { Page } from "@playwright/test";
import OpenAI from "openai";
import { accessible } from "../support/axe";
import { ADMIN, expect, serve, test, workspace } from "../support/world";

const ask = { model: "gpt-4o", messages: [{ role: "user" as const, content: "Say a few words." }] };

async function signIn(page: Page, console: string): Promise<void> {
  await page.goto(console);
  await page.getByLabel("E-mail").fill(ADMIN.email);
  await page.getByLabel("Password").fill(ADMIN.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
}

test("first run: from nothing to a charged call", async ({ page, server, provider }) => {
  await page.goto(server.console);
  await accessible(page, "set-up");
  await page.getByLabel("Workspace name").fill("Meridian Labs");
  await page.getByLabel("Your name").fill(ADMIN.name);
  await page.getByLabel("E-mail").fill(ADMIN.email);
  await page.getByLabel("Password").fill(ADMIN.password);
  await page.getByRole("button", { name: "Continue" }).click();

  await page.getByRole("button", { name: "Show the recovery code" }).click();
  const code = await page.getByLabel("recovery code", { exact: true }).innerText();
  await page.getByLabel("Type the last group of the code").fill(code.trim().split("-").at(-1) ?? "");
  await page.getByRole("button", { name: "Continue" }).click();

  await page.getByLabel("Tenant name").fill("Conversation");
  await page.getByRole("radio", { name: /Enterprise/ }).check({ force: true });
  await page.getByRole("button", { name: "Create tenant" }).click();

  await page.getByRole("button", { name: "Choose Provider" }).click();
  await page.getByRole("option", { name: /^OpenAI/ }).click();
  await page.getByLabel("Base URL").fill(provider.base_url);
  await page.getByRole("textbox", { name: /^Key/ }).fill(provider.key);
  await page.getByRole("button", { name: "Store key" }).click();

  await page.getByRole("button", { name: "Create the key" }).click();
  const key = (await page.getByText(/^rvk_/).first().innerText()).trim();
  expect(key).toMatch(/^rvk_[a-z2-7]{12}_[\w-]{43}_[0-9a-f]{6}$/);
  await accessible(page, "set-up, last step");
  await page.getByRole("button", { name: "Open the overview" }).click();

  const openai = new OpenAI({ apiKey: key, baseURL: server.gateway, maxRetries: 0 });
  await openai.chat.completions.create(ask);
  // Live: the page was open before the call.
  await expect(page.getByText("charge.settle").or(page.getByText("1 request")).first().or(page.locator(".kpi").filter({ hasText: "Requests today" }))).toBeVisible();
  await expect(page.locator(".kpi").filter({ hasText: "Requests today" })).toContainText("1");
  expect((await provider.totals()).calls).toBe(1);
});

test("every page is accessible in both themes, with sample data and without", async ({ page, server, provider }) => {
  // Every page is looked at four times.
  test.slow();
  const { api, openai } = await workspace(server, provider);
  await openai.chat.completions.create(ask);
  await signIn(page, server.console);
  const pages = ["/", "/tenants", "/budgets", "/usage", "/prices", "/prices?tab=own", "/prices?tab=unpriced", "/prices?tab=rerate", "/requests", "/audit", "/audit?view=denied", "/audit/security", "/audit/security?days=7", "/privacy", "/listeners", "/keys", "/bills", "/routing", "/limits", "/vault", "/access", "/access?tab=invitations", "/access?tab=roles", "/profile", "/settings"];
  for (const path of pages) {
    await page.goto(server.console + path);
    await page.waitForLoadState("networkidle");
    await accessible(page, `${path}, nearly empty`);
  }
  await api.post("/sample");
  for (const path of pages) {
    await page.goto(server.console + path);
    await page.waitForLoadState("networkidle");
    await accessible(page, `${path}, sample`);
  }
});

test("tenants, budgets and the audit trail are worked from the keyboard and mouse", async ({ page, server, provider }) => {
  const { api } = await workspace(server, provider);
  await signIn(page, server.console);

  await page.getByRole("link", { name: "Tenants", exact: true }).click();
  await page.getByRole("button", { name: "New tenant" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Globex");
  await page.getByRole("button", { name: "Create tenant" }).click();
  await expect(page.getByRole("heading", { name: "Globex" })).toBeVisible();

  await page.getByRole("link", { name: "Budgets", exact: true }).click();
  await page.getByRole("button", { name: "New budget" }).first().click();
  await page.getByLabel(/Limit/).fill("600");
  await page.getByRole("button", { name: "Create budget" }).click();
  await expect(page.getByText("$600.00").first()).toBeVisible();

  await page.getByRole("link", { name: "Audit trail", exact: true }).click();
  await page.getByRole("button", { name: "Verify ledger" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Verify ledger" }).click();
  await expect(page.getByText(/fit together/)).toBeVisible();
  await page.keyboard.press("Escape");

  await page.keyboard.press("Control+k");
  await page.keyboard.type("Globex");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Globex" })).toBeVisible();

  const budgets = await api.get<{ items: unknown[] }>("/budgets");
  expect(budgets.items).toHaveLength(1);
});

test("everything is there after a restart", async ({ page, server, provider, dataDir }) => {
  const { openai } = await workspace(server, provider);
  await openai.chat.completions.create(ask);
  await server.process.stop();
  const again = await serve(dataDir);
  try {
    await signIn(page, again.ready.console);
    await expect(page.locator(".kpi").filter({ hasText: "Requests today" })).toContainText("1");
    await page.getByRole("link", { name: "Tenants", exact: true }).click();
    await expect(page.getByText("Northwind").first()).toBeVisible();
  } finally {
    await again.stop();
  }
});

test("a figure of the security board opens what it counts, and a filter is kept as a view", async ({ page, server, provider }) => {
  const { api } = await workspace(server, provider);
  await page.goto(server.console);
  await page.getByLabel("E-mail").fill(ADMIN.email);
  await page.getByLabel("Password").fill("not the passphrase");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText(/is wrong/)).toBeVisible();
  await signIn(page, server.console);

  await page.getByRole("link", { name: "Audit trail", exact: true }).click();
  await page.getByRole("link", { name: "Security", exact: true }).click();
  await page.getByRole("link", { name: "Failed sign-ins: 1 entry" }).click();
  await expect(page.getByRole("grid", { name: "Audit entries" })).toContainText("auth.failed");
  await expect(page.getByText(/^1 of \d+$/)).toBeVisible();

  await page.getByRole("button", { name: "Save or change the view" }).click();
  await page.getByRole("menuitem", { name: "Save as a new view" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Turned away");
  await accessible(page, "saving a view");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("button", { name: "View: Turned away" })).toBeVisible();
  const { items } = await api.get<{ items: { id: string; filter: { event_types: string[] } }[] }>("/audit/views");
  expect(items.map((v) => v.filter.event_types)).toEqual([["auth.failed"]]);

  // The address alone brings it back.
  await page.goto(`${server.console}/audit?view=${items[0]?.id ?? ""}`);
  await expect(page.getByRole("button", { name: "View: Turned away" })).toBeVisible();
  await expect(page.getByText(/^1 of \d+$/)).toBeVisible();
});
