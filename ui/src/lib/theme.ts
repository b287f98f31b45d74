/** Light, dark, or what the system says. `public/theme.js` applies the same choice before first paint. */
export type ThemeChoice = "system" | "light" | "dark";
const KEY = "reeve.theme";
const dark = (): MediaQueryList => matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

export const themeChoice = (): ThemeChoice => {
  const value = localStorage.getItem(KEY);
  return value === "light" || value === "dark" ? value : "system";
};
export const effectiveTheme = (): "light" | "dark" =>
  document.documentElement.dataset.theme === "dark" ? "dark" : "light";

function apply(): void {
  const choice = themeChoice();
  const theme = choice === "system" ? (dark().matches ? "dark" : "light") : choice;
  document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener();
}
export function setTheme(choice: ThemeChoice): void {
  if (choice === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, choice);
  apply();
}
export function watchTheme(): void {
  dark().addEventListener("change", apply);
}
export function onTheme(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
