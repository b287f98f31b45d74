import { queryOptions } from "@tanstack/react-query";
import { api, take } from "@/api";

export const peopleQuery = queryOptions({ queryKey: ["people", "list"], queryFn: ({ signal }) => take(api.GET("/users", { signal })) });
export const invitationsQuery = queryOptions({ queryKey: ["people", "invitations"], queryFn: ({ signal }) => take(api.GET("/invitations", { signal })) });
export const connectionsQuery = (scope: string | null) => queryOptions({ queryKey: ["people", "connections", scope], queryFn: ({ signal }) => take(api.GET("/connections", { params: { query: scope ? { scope } : {} }, signal })), refetchInterval: 10_000 });
export const signingKeyQuery = queryOptions({ queryKey: ["people", "signing-key"], queryFn: ({ signal }) => take(api.GET("/auth/signing-key", { signal })) });
export const grantsQuery = (id: string) => queryOptions({ queryKey: ["people", "grants", id], queryFn: ({ signal }) => take(api.GET("/users/{id}/grants", { params: { path: { id } }, signal })) });
export const rolesQuery = queryOptions({ queryKey: ["people", "roles"], queryFn: ({ signal }) => take(api.GET("/roles", { signal })) });
export const sessionsOfQuery = (id: string) => queryOptions({ queryKey: ["people", "sessions", id], queryFn: ({ signal }) => take(api.GET("/users/{id}/sessions", { params: { path: { id } }, signal })) });
