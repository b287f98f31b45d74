import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

/** No page has an accessibility violation, in either theme. */
export async function accessible(page: Page, what: string): Promise<void> {
  for (const theme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    await page.waitForFunction((t) => document.documentElement.dataset["theme"] === t, theme);
    // What is drawn anew while the theme changes keeps its old colours for a frame.
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    // The library's announcer keeps what it said for some seconds, also of parts that are gone; it is not on the page.
    const found = await new AxeBuilder({ page }).exclude("[data-live-announcer]").withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
    const told = found.violations.map((v) => `${v.id}: ${v.help}\n${v.nodes.map((n) => `  ${n.target.join(" ")} ${n.failureSummary ?? ""}`).join("\n")}`);
    expect(told, `${what}, ${theme}`).toEqual([]);
  }
}
