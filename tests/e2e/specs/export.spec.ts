import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { accessible } from "../support/axe";
import { program } from "../support/process";
import { ADMIN, expect, test, workspace } from "../support/world";

/** Exit code and output of a program. */
const run = (command: string, args: string[]): Promise<{ code: number; out: string }> =>
  new Promise((resolve) => execFile(command, args, (error, out, err) => resolve({ code: error ? Number(error.code ?? 1) : 0, out: out + err })));

test("the ledger is exported, and verified by somebody who has only the file and the key", async ({ page, server, provider, dataDir }) => {
  await workspace(server, provider);
  await page.goto(`${server.console}/audit`);
  await page.getByLabel("E-mail").fill(ADMIN.email);
  await page.getByLabel("Password").fill(ADMIN.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "Audit trail", exact: true }).click();

  await page.getByRole("button", { name: "Export", exact: true }).click();
  const sheet = page.getByRole("dialog");
  await expect(sheet.getByText(/every entry up to now/)).toBeVisible();
  await expect(sheet.getByText(/^reeve\/l\/.*\/audit\+/)).toBeVisible();
  const vkey = await sheet.getByText(/^reeve\/l\/.*\/audit\+/).innerText();
  await accessible(page, "export of the ledger");
  const [download] = await Promise.all([page.waitForEvent("download"), sheet.getByRole("button", { name: "Export", exact: true }).click()]);
  expect(download.suggestedFilename()).toMatch(/^reeve-audit-\d{4}-\d\d-\d\d\.zip$/);
  const file = join(dataDir, "audit.zip");
  await download.saveAs(file);
  // It is an entry itself, and the page shows it.
  await expect(page.getByText("audit.export").first()).toBeVisible();

  const intact = await run(program("reeve-verify"), [file, "--vkey", vkey]);
  expect(intact.out).toContain("signed by the key you gave");
  expect(intact.code).toBe(0);
  const bytes = await readFile(file);
  bytes[bytes.indexOf("Northwind")] = "M".charCodeAt(0);
  await writeFile(file, bytes);
  const changed = await run(program("reeve-verify"), [file, "--vkey", vkey]);
  expect(changed.out).toMatch(/First bad entry: \d+\./);
  expect(changed.code).toBe(1);
});
