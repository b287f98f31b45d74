import { accessible } from "../support/axe";
import { ADMIN, Api, expect, test } from "../support/world";

test("who listens live is seen and cut, and another key signs while the page goes on", async ({ page, server }) => {
  await Api.register(server.console);
  await page.goto(`${server.console}/access?tab=connections`);
  await page.getByLabel("E-mail").fill(ADMIN.email);
  await page.getByLabel("Password").fill(ADMIN.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  const own = page.getByRole("row", { name: new RegExp(ADMIN.name) });
  await expect(own).toHaveCount(1, { timeout: 20_000 });
  await accessible(page, "live connections");
  await page.getByRole("button", { name: `Cut the connection of ${ADMIN.name}` }).click();
  await accessible(page, "cutting a connection");
  await page.getByRole("button", { name: "Cut", exact: true }).click();
  await expect(page.getByText(`Cut the connection of ${ADMIN.name}`, { exact: true })).toBeVisible();
  // A page that is still signed in comes back by itself.
  await expect(own).toHaveCount(1, { timeout: 20_000 });

  await page.getByRole("button", { name: "Replace…" }).click();
  await page.getByRole("radio", { name: /^Somebody else may have it/ }).check({ force: true });
  await accessible(page, "replacing the signing key");
  await page.getByRole("button", { name: "Replace", exact: true }).click();
  await expect(page.getByText("Another key signs from now on")).toBeVisible();
  await page.getByRole("tab", { name: "API keys" }).click();
  await expect(page.getByText("Programs need a key to make calls.", { exact: false })).toBeVisible();
  await accessible(page, "API keys of all tenants");
});
