export { AuditPage } from "./AuditPage";
export { History } from "./History";
export type { AuditSearch } from "./queries";
export { openVerify, Seal, VerifyPanel } from "./verify";
