import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import OpenAI from "openai";
import { accessible } from "../support/axe";
import { ADMIN, Api, expect, serve, test, workspace } from "../support/world";

const PASSPHRASE = "violet tram otter 71 gravel";

async function openVault(page: Page, console: string): Promise<void> {
  await page.goto(`${console}/vault`);
  await page.getByLabel("E-mail").fill(ADMIN.email);
  await page.getByLabel("Password").fill(ADMIN.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "Vault", exact: true }).click();
}

test("a key is backed up here and serves calls elsewhere", async ({ page, server, provider, dataDir }) => {
  await workspace(server, provider);
  await openVault(page, server.console);
  await page.getByRole("button", { name: "Make a backup" }).click();
  await page.getByLabel("Passphrase for this backup").fill(PASSPHRASE);
  await page.getByLabel("The same once more").fill(PASSPHRASE);
  await accessible(page, "making a backup");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Make the backup" }).click()]);
  expect(download.suggestedFilename()).toMatch(/^reeve-\d{4}-\d\d-\d\d\.reeve-backup$/);
  const file = join(dataDir, "keys.reeve-backup");
  await download.saveAs(file);

  const elsewhere = await mkdtemp(join(tmpdir(), "reeve-e2e-"));
  const other = await serve(elsewhere);
  try {
    const api = await Api.register(other.ready.console);
    await openVault(page, other.ready.console);
    await page.getByRole("button", { name: "Restore from a backup" }).click();
    const sheet = page.getByRole("dialog");
    await sheet.getByLabel("Backup file").setInputFiles(file);
    await sheet.getByRole("radio", { name: /^Passphrase/ }).check({ force: true });
    await sheet.getByRole("textbox", { name: /^Passphrase/ }).fill("not the passphrase of it");
    await sheet.getByRole("button", { name: "Look at it" }).click();
    await expect(sheet.getByText(/passphrase/i).filter({ hasText: /not|wrong/ }).first()).toBeVisible();
    await sheet.getByRole("textbox", { name: /^Passphrase/ }).fill(PASSPHRASE);
    await sheet.getByRole("button", { name: "Look at it" }).click();
    await expect(sheet.getByText("another vault")).toBeVisible();
    await accessible(page, "what a restore would change");
    await sheet.getByRole("button", { name: "Restore 1 key" }).click();
    await expect(sheet.getByRole("row", { name: /production/ })).toContainText("works");
    await sheet.getByRole("button", { name: "Done" }).click();

    const tenant = await api.post<{ id: string }>("/tenants", { name: "Elsewhere", tier: "professional" });
    const { secret } = await api.post<{ secret: string }>(`/tenants/${tenant.id}/api-keys`, { name: "first-key" });
    const openai = new OpenAI({ apiKey: secret, baseURL: other.ready.gateway, maxRetries: 0 });
    const answer = await openai.chat.completions.create({ model: "gpt-4o", messages: [{ role: "user", content: "Say a few words." }] });
    expect(answer.choices).toHaveLength(1);
  } finally {
    await other.stop();
    await rm(elsewhere, { recursive: true, force: true });
  }
});
