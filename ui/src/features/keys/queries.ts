import { queryOptions } from "@tanstack/react-query";
import { api, take } from "@/api";

export const credentialsQuery = queryOptions({
  queryKey: ["credentials", "list"],
  queryFn: ({ signal }) => take(api.GET("/credentials", { params: { query: { limit: 1000 } }, signal })),
});
export const providersQuery = queryOptions({
  queryKey: ["providers"],
  queryFn: ({ signal }) => take(api.GET("/providers", { signal })),
  staleTime: 3_600_000,
});
