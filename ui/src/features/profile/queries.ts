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
