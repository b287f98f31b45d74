export { AuditPage } from "./AuditPage";
export { History } from "./History";
export type { AuditSearch } from "./queries";
export { SecurityPage } from "./SecurityPage";
export type { SecuritySearch } from "./security";
export { openVerify, Seal, VerifyPanel } from "./verify";
