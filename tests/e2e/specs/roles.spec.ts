import { accessible } from "../support/axe";
import { ADMIN, Api, expect, test } from "../support/world";

const PASSWORD = "seven brass doors hum";

test("a role is made and given, and what is changed in it counts at once", async ({ page, browser, server }) => {
  await Api.register(server.console);
  await page.goto(`${server.console}/access?tab=roles`);
  await page.getByLabel("E-mail").fill(ADMIN.email);
  await page.getByLabel("Password").fill(ADMIN.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("No roles of your own yet")).toBeVisible();
  await accessible(page, "roles");
  await page.getByRole("button", { name: "New role" }).click();
  await page.getByLabel("Name").fill("Clerks");
  await page.getByLabel("What it is for").fill("They keep the books");
  const things = (name: string) => page.getByRole("dialog").getByRole("row", { name: new RegExp(`^${name}`) });
  await things("Budgets and holds").getByLabel("change").check();
  await expect(things("Budgets and holds").getByLabel("see"), "who changes something sees it").toBeChecked();
  await things("Usage and costs").getByLabel("see").check();
  await page.getByLabel("Never: Audit trail").check();
  await expect(things("Audit trail").getByLabel("see")).toBeDisabled();
  await accessible(page, "making a role");
  await page.getByText("Further scopes").click();
  await page.getByLabel("Allowed as well").fill("tenant:fly");
  await page.getByRole("button", { name: "Make the role" }).click();
  await expect(page.getByText(/tenant:fly, which means nothing/)).toBeVisible();
  await page.getByLabel("Allowed as well").fill("settings:*");
  await page.getByRole("button", { name: "Make the role" }).click();
  await expect(page.getByText("Made the role Clerks")).toBeVisible();
  await expect(page.getByRole("columnheader", { name: "Clerks" }), "a column of the matrix").toBeVisible();

  await page.getByRole("tab", { name: "People" }).click();
  await page.getByRole("button", { name: "Invite somebody" }).click();
  await page.getByLabel("E-mail").fill("dana@example.com");
  await page.getByRole("radio", { name: /^Clerks/ }).check({ force: true });
  await page.getByRole("button", { name: "Make the invitation" }).click();
  const link = await page.getByRole("dialog").getByText(/\/join#/).innerText();
  await page.getByRole("button", { name: "Done" }).click();

  const other = await browser.newContext();
  const dana = await other.newPage();
  await dana.goto(link.trim());
  await dana.getByLabel("Your name").fill("Dana Finch");
  await dana.getByLabel("Password").fill(PASSWORD);
  await dana.getByRole("button", { name: "Join" }).click();
  await expect(dana.getByRole("button", { name: "Dana Finch, Clerks" })).toBeVisible();
  await dana.getByRole("link", { name: "Budgets", exact: true }).click();
  await expect(dana.getByRole("button", { name: "New budget" }).first()).not.toHaveAttribute("aria-disabled", "true");

  await page.getByRole("tab", { name: "Roles" }).click();
  await page.reload();
  await expect(page.getByRole("button", { name: "Remove Clerks" })).toHaveAttribute("aria-disabled", "true");
  await page.getByRole("button", { name: "Change Clerks" }).click();
  await things("Budgets and holds").getByLabel("change").uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Changed Clerks")).toBeVisible();
  await dana.reload();
  await expect(dana.getByRole("button", { name: "New budget" }).first()).toHaveAttribute("aria-disabled", "true");
  await other.close();
});
