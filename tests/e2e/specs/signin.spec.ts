import { createHmac } from "node:crypto";
import type { Page } from "@playwright/test";
import { accessible } from "../support/axe";
import { ADMIN, Api, expect, test } from "../support/world";

/** What an authenticator app shows (RFC 6238), for a secret that was typed into it. */
function shows(secret: string, at = Date.now()): string {
  const bits = [...secret.replace(/\s/g, "")].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const seed = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const hash = createHmac("sha1", seed).update(step).digest();
  return String((hash.readUInt32BE((hash[19] ?? 0) & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

async function password(page: Page, console: string): Promise<void> {
  await page.goto(`${console}/profile`);
  await page.getByLabel("E-mail").fill(ADMIN.email);
  await page.getByLabel("Password").fill(ADMIN.password);
  await page.getByRole("button", { name: "Sign in" }).click();
}
async function signOut(page: Page): Promise<void> {
  await page.getByRole("button", { name: `${ADMIN.name}, Admin` }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
}

test("two-step sign-in is set up with an app, and recovery codes stand in for it", async ({ page, server }) => {
  await Api.register(server.console);
  await password(page, server.console);
  await expect(page.getByRole("heading", { name: "Two-step sign-in" })).toBeVisible();
  await accessible(page, "profile");
  await page.getByRole("button", { name: "Set up" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("img", { name: /QR code/ })).toBeVisible();
  await accessible(page, "setting up two-step sign-in");
  const secret = await dialog.locator(".seed").innerText();
  await dialog.getByRole("textbox", { name: "Code" }).fill("000000");
  await dialog.getByRole("button", { name: "Turn on" }).click();
  await expect(dialog.getByText(/not what the app shows/)).toBeVisible();
  await dialog.getByRole("textbox", { name: "Code" }).fill(shows(secret));
  await dialog.getByRole("button", { name: "Turn on" }).click();
  await expect(page.getByRole("heading", { name: "Your recovery codes" })).toBeVisible();
  await accessible(page, "recovery codes");
  const codes = await page.getByRole("list", { name: "Recovery codes" }).getByRole("listitem").allInnerTexts();
  expect(codes).toHaveLength(10);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as a file" }).click()]);
  expect(download.suggestedFilename()).toBe("reeve-recovery-codes.txt");
  await page.getByRole("button", { name: "I have kept them" }).click();
  await expect(page.getByText("10 recovery codes left")).toBeVisible();
  await signOut(page);

  await password(page, server.console);
  await expect(page.getByRole("heading", { name: "Enter your code" })).toBeVisible();
  await accessible(page, "the second step");
  await page.getByRole("textbox", { name: "Code" }).fill("000000");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText(/The code is wrong/)).toBeVisible();
  await page.getByRole("textbox", { name: "Code" }).fill(codes[0]?.toLowerCase() ?? "");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("9 recovery codes left")).toBeVisible();
  await signOut(page);

  await password(page, server.console);
  await page.getByRole("textbox", { name: "Code" }).fill(codes[0] ?? "");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText(/it was used before/)).toBeVisible();
  await page.getByRole("button", { name: "Back" }).click();
  await expect(page.getByLabel("Password")).toBeVisible();
});

test("a page that nobody uses is signed out, and stays so", async ({ page, server }) => {
  await Api.register(server.console);
  await page.clock.install();
  await password(page, server.console);
  await expect(page.getByRole("heading", { name: "Two-step sign-in" })).toBeVisible();
  await page.clock.fastForward("20:00");
  await page.keyboard.press("Tab");
  await page.clock.fastForward("20:00");
  await expect(page.getByRole("heading", { name: "Two-step sign-in" })).toBeVisible();
  await page.clock.fastForward("11:00");
  await expect(page.getByText(/nobody used this page/)).toBeVisible();
  await accessible(page, "signed out unused");
  await page.goto(`${server.console}/profile`);
  await expect(page.getByLabel("E-mail")).toBeVisible();
});
