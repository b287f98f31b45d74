/** Greps the sources for what must not come back. */
import { describe, expect, it } from "vitest";

const sources = import.meta.glob(["./**/*.{ts,tsx}", "!./**/*.test.{ts,tsx}", "!./api/schema.gen.ts"], { query: "?raw", import: "default", eager: true }) as Record<string, string>;
const files = Object.entries(sources);
const offenders = (pattern: RegExp, allowed: (path: string) => boolean) => files.filter(([path, text]) => !allowed(path) && pattern.test(text)).map(([path]) => path);

describe("the sources", () => {
  it("are all read", () => expect(files.length).toBeGreaterThan(50));
  it("know the desktop window only in platform/", () => expect(offenders(/@tauri-apps|__TAURI_INTERNALS__/, (p) => p.startsWith("./platform/"))).toEqual([]));
  it("take every colour from the tokens", () => expect(offenders(/#[0-9a-f]{3,8}["'`;\s]|\b(oklch|hsla?)\(|\brgba?\(\s*\d/i, () => false)).toEqual([]));
  it("keep the token out of storage; only the theme and the time of last use are stored", () => expect(offenders(/localStorage|sessionStorage|document\.cookie/, (p) => p === "./lib/theme.ts" || p === "./lib/lastUse.ts")).toEqual([]));
  it("call the network only through the client", () => expect(offenders(/(?<!platform\.)\bfetch\(|new WebSocket|XMLHttpRequest/, (p) => p.startsWith("./platform/"))).toEqual([]));
  it("build no markup from text and run no text as code", () => expect(offenders(/dangerouslySetInnerHTML|innerHTML|\beval\(|new Function/, () => false)).toEqual([]));
  it("reach another feature only through its index", () => expect(offenders(/from "@\/features\/[a-z]+\//, () => false)).toEqual([]));
  it("stay small", () => expect(files.filter(([path, text]) => !path.startsWith("./api/types") && text.split("\n").length > 400).map(([path]) => path)).toEqual([]));
});
