import { accessible } from "../support/axe";
import { ADMIN, Api, expect, test } from "../support/world";

const PASSWORD = "seven brass doors hum";

test("somebody holds a role for one tenant, and sees that one and no other", async ({ page, browser, server }) => {
  const api = await Api.register(server.console);
  const own = await api.post<{ id: string }>("/tenants", { name: "Aspen", tier: "free" });
  const other = await api.post<{ id: string }>("/tenants", { name: "Birch", tier: "free" });
  const made = await api.post<{ token: string }>("/invitations", { email: "dana@example.com", role: "none" });
  const context = await browser.newContext();
  const dana = await context.newPage();
  await dana.goto(`${server.console}/join#${made.token}`);
  await dana.getByLabel("Your name").fill("Dana Finch");
  await dana.getByLabel("Password").fill(PASSWORD);
  await dana.getByRole("button", { name: "Join" }).click();
  await expect(dana.getByRole("button", { name: "Dana Finch, None" })).toBeVisible();

  await page.goto(`${server.console}/access`);
  await page.getByLabel("E-mail").fill(ADMIN.email);
  await page.getByLabel("Password").fill(ADMIN.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Look after Dana Finch" }).click();
  const sheet = page.getByRole("dialog", { name: "Dana Finch" });
  await sheet.getByRole("combobox", { name: "Tenant" }).fill("Asp");
  await page.getByRole("option", { name: "Aspen" }).click();
  await sheet.getByRole("button", { name: /Role for it/ }).click();
  await page.getByRole("option", { name: "Operator" }).click();
  await sheet.getByRole("button", { name: "Give it" }).click();
  await expect(sheet.getByRole("button", { name: "Take back Operator for Aspen" })).toBeVisible();
  await accessible(page, "a person with a grant");

  await dana.reload();
  const nav = dana.getByRole("navigation", { name: "Main" });
  await expect(nav.getByRole("link", { name: "Tenants" })).toBeVisible();
  await expect(nav.getByRole("link", { name: "Vault" })).toHaveCount(0);
  await expect(dana.getByText("This is of the whole workspace")).toBeVisible();
  await accessible(dana, "the overview of somebody with grants alone");
  await nav.getByRole("link", { name: "Tenants" }).click();
  await expect(dana.getByText("Aspen")).toBeVisible();
  await expect(dana.getByText("Birch")).toHaveCount(0);
  await dana.goto(`${server.console}/tenants/${own.id}?tab=keys`);
  await expect(dana.getByRole("button", { name: "New API key" }).first()).not.toHaveAttribute("aria-disabled", "true");
  await dana.goto(`${server.console}/tenants/${other.id}`);
  await expect(dana.getByText(/This no longer exists, or it is not yours to see/)).toBeVisible();

  await sheet.getByRole("link", { name: "Aspen" }).click();
  await page.getByRole("tab", { name: "People" }).click();
  await expect(page.getByRole("row", { name: /Dana Finch/ })).toContainText("Operator");
  await accessible(page, "the people of a tenant");
  await page.goBack();
  await page.getByRole("button", { name: "Look after Dana Finch" }).click();
  await sheet.getByRole("button", { name: "Take back Operator for Aspen" }).click();
  await expect(page.getByText("Dana Finch holds nothing for Aspen any more")).toBeVisible();
  await dana.goto(`${server.console}/tenants/${own.id}`);
  await expect(dana.getByText(/needs the permission tenant:read/)).toBeVisible();
  await context.close();
});
