import { accessible } from "../support/axe";
import { ADMIN, Api, expect, test } from "../support/world";

const PASSWORD = "seven brass doors hum";

test("somebody is invited, comes in, may less, and is kept out", async ({ page, browser, server }) => {
  await Api.register(server.console);
  await page.goto(`${server.console}/access`);
  await page.getByLabel("E-mail").fill(ADMIN.email);
  await page.getByLabel("Password").fill(ADMIN.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Invite somebody" }).click();
  await page.getByLabel("E-mail").fill("dana@example.com");
  await page.getByRole("radio", { name: /^Finance/ }).check({ force: true });
  await accessible(page, "inviting somebody");
  await page.getByRole("button", { name: "Make the invitation" }).click();
  const link = await page.getByRole("dialog").getByText(/\/join#/).innerText();
  await accessible(page, "the invitation");
  await page.getByRole("button", { name: "Done" }).click();

  const other = await browser.newContext();
  const dana = await other.newPage();
  await dana.goto(link.trim());
  await expect(dana.getByRole("heading", { name: "Join Meridian Labs" })).toBeVisible();
  await accessible(dana, "taking an invitation up");
  await dana.getByLabel("Your name").fill("Dana Finch");
  await dana.getByLabel("Password").fill(PASSWORD);
  await dana.getByRole("button", { name: "Join" }).click();
  await expect(dana.getByRole("button", { name: "Dana Finch, Finance" })).toBeVisible();
  await dana.getByRole("link", { name: "Access", exact: true }).click();
  await expect(dana.getByText(/needs user:read/)).toBeVisible();
  await dana.goto(`${server.console}/profile`);
  await expect(dana.getByRole("list", { name: "Open sessions" })).toContainText("this one");
  await dana.goto(link.trim());
  await expect(dana.getByText(/was taken up, or is over/)).toBeVisible();
  await dana.goto(`${server.console}/tenants`);

  await page.reload();
  await page.getByRole("button", { name: "Look after Dana Finch" }).click();
  await accessible(page, "looking after somebody");
  await page.getByRole("button", { name: "Disable the account" }).click();
  await page.getByLabel("Type Dana Finch to confirm").fill("Dana Finch");
  await page.getByRole("button", { name: "Disable", exact: true }).click();
  await expect(page.getByText("Dana Finch cannot sign in any more")).toBeVisible();
  await dana.getByRole("link", { name: "Budgets", exact: true }).click();
  await expect(dana.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await other.close();

  await page.getByRole("button", { name: "Close", exact: true }).click();
  await page.getByRole("button", { name: `Look after ${ADMIN.name}` }).click();
  await expect(page.getByRole("button", { name: "Change the role" })).toHaveAttribute("aria-disabled", "true");
  await page.keyboard.press("Escape");
  await page.getByRole("tab", { name: "Roles" }).click();
  await accessible(page, "who can do what");
  await expect(page.getByRole("row", { name: /People and roles/ })).toContainText("see, invite, change");
});
