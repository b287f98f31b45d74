export { api, refreshSession, saveAs, take } from "./client";
export { ApiError, errorReference, errorWords, fieldErrors } from "./errors";
export { eventsState, onEvent, startEvents } from "./events";
export { session } from "./session";
export { stepUp } from "./stepUp";
export type * from "./types";
export type { AuditExportQuery, AuditFilterQuery, RequestsQuery, SummaryQuery, TenantsQuery } from "./paths";
