import { queryOptions } from "@tanstack/react-query";
import { api, take, type Stream } from "@/api";

/** Rows are deleted in the background; while they are, the page looks again. */
const SWEEPING_MS = 1_500;

export const retentionQuery = queryOptions({
  queryKey: ["privacy", "retention"],
  queryFn: ({ signal }) => take(api.GET("/retention", { signal })),
  refetchInterval: (query) => (query.state.data?.sweeping ? SWEEPING_MS : false),
});
export const previewQuery = (stream: Stream) => queryOptions({
  queryKey: ["privacy", "preview", stream],
  queryFn: ({ signal }) => take(api.GET("/retention/{stream}/preview", { params: { path: { stream } }, signal })),
});
export const legalHoldsQuery = queryOptions({
  queryKey: ["privacy", "holds"],
  queryFn: ({ signal }) => take(api.GET("/legal-holds", { params: { query: { limit: 1_000 } }, signal })),
});
export const subjectsQuery = queryOptions({
  queryKey: ["privacy", "subjects"],
  queryFn: ({ signal }) => take(api.GET("/privacy/subjects", { signal })),
});
export const erasuresQuery = queryOptions({
  queryKey: ["privacy", "erasures"],
  queryFn: ({ signal }) => take(api.GET("/erasures", { params: { query: { limit: 1_000 } }, signal })),
});
