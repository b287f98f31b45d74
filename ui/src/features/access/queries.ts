import { queryOptions } from "@tanstack/react-query";
import { api, take } from "@/api";

export const peopleQuery = queryOptions({ queryKey: ["people", "list"], queryFn: ({ signal }) => take(api.GET("/users", { signal })) });
export const invitationsQuery = queryOptions({ queryKey: ["people", "invitations"], queryFn: ({ signal }) => take(api.GET("/invitations", { signal })) });
export const rolesQuery = queryOptions({ queryKey: ["people", "roles"], queryFn: ({ signal }) => take(api.GET("/roles", { signal })), staleTime: Infinity });
export const sessionsOfQuery = (id: string) => queryOptions({ queryKey: ["people", "sessions", id], queryFn: ({ signal }) => take(api.GET("/users/{id}/sessions", { params: { path: { id } }, signal })) });
