import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, take, type CredentialView } from "@/api";
import { useMay } from "@/components";

/** A rotation that moves is looked at often; one that waits for days is not. */
const moves = (c: CredentialView): boolean => !!c.rotation && ["planned", "intent", "minting", "minted", "probing", "promoted", "disabling", "revoking", "rolled_back"].includes(c.rotation.state);

export const credentialsQuery = queryOptions({
  queryKey: ["credentials", "list"],
  queryFn: ({ signal }) => take(api.GET("/credentials", { params: { query: { limit: 1000 } }, signal })),
  refetchInterval: (query) => (query.state.data?.items.some(moves) ? 1_500 : false),
});
/** The keys that calls go out with: no admin key that is replaced by itself. */
export const callKeysQuery = queryOptions({
  ...credentialsQuery,
  select: (data) => ({ ...data, items: data.items.filter((c) => c.renews_id === null) }),
});
export const providersQuery = queryOptions({
  queryKey: ["providers"],
  queryFn: ({ signal }) => take(api.GET("/providers", { signal })),
  staleTime: 3_600_000,
});
/** A provider's id as its name, as people know it. */
export function useProviderName(): (id: string) => string {
  const see = useMay("credential:read");
  const list = useQuery({ ...providersQuery, enabled: see === null }).data?.items;
  return (id) => list?.find((p) => p.id === id)?.name ?? id;
}
export const rotationsQuery = queryOptions({
  queryKey: ["rotations", "list"],
  queryFn: ({ signal }) => take(api.GET("/rotations", { params: { query: { limit: 200 } }, signal })),
});
export const rotationQuery = (id: string) => queryOptions({
  queryKey: ["rotations", id],
  queryFn: ({ signal }) => take(api.GET("/rotations/{id}", { params: { path: { id } }, signal })),
});
export const versionsQuery = (id: string) => queryOptions({
  queryKey: ["credentials", id, "versions"],
  queryFn: ({ signal }) => take(api.GET("/credentials/{id}/versions", { params: { path: { id } }, signal })),
});
export const controlCredentialsQuery = queryOptions({
  queryKey: ["control-credentials"],
  queryFn: ({ signal }) => take(api.GET("/control-credentials", { signal })),
});
