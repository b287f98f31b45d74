export { api, refreshSession, take } from "./client";
export { ApiError, errorReference, errorWords, fieldErrors } from "./errors";
export { eventsState, onEvent, startEvents } from "./events";
export { session } from "./session";
export type * from "./types";
export type { AuditFilterQuery, RequestsQuery, SummaryQuery, TenantsQuery } from "./paths";
