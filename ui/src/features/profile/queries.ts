import { queryOptions } from "@tanstack/react-query";
import { api, take } from "@/api";

export const secondFactorQuery = queryOptions({
  queryKey: ["second-factor"],
  queryFn: ({ signal }) => take(api.GET("/auth/second-factor", { signal })),
});

/** How the secret is typed by hand: in groups of four, as eyes take it in. */
export const grouped = (secret: string): string => secret.match(/.{1,4}/g)?.join(" ") ?? "";

/** What is kept in a file. It says what the codes are for, and for whom. */
export const codesText = (codes: string[], workspace: string, email: string): string =>
  [`Recovery codes of ${email} for signing in to Reeve, ${workspace}`, "Each is good once, in place of the authenticator app. They open no vault.", "", ...codes, ""].join("\n");

export const sessionsQuery = queryOptions({
  queryKey: ["sessions"],
  queryFn: ({ signal }) => take(api.GET("/auth/sessions", { signal })),
});

const BROWSERS: [RegExp, string][] = [[/Edg\//, "Edge"], [/OPR\//, "Opera"], [/Firefox\//, "Firefox"], [/Chrom(e|ium)\//, "Chrome"], [/Safari\//, "Safari"]];
const SYSTEMS: [RegExp, string][] = [[/Windows/, "Windows"], [/Android/, "Android"], [/iPhone|iPad/, "iOS"], [/Mac OS X/, "macOS"], [/Linux/, "Linux"]];
/** What a program calls itself, as people call it; another text stays as it is, cut. */
export function programWords(program: string | null | undefined): string {
  if (!program) return "Unknown program";
  const of = (list: [RegExp, string][]) => list.find(([pattern]) => pattern.test(program))?.[1];
  const [browser, system] = [of(BROWSERS), of(SYSTEMS)];
  return browser && system ? `${browser} on ${system}` : (browser ?? (program.length > 40 ? `${program.slice(0, 40)}…` : program));
}
