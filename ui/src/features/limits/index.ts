export { LimitsPage, type LimitsSearch } from "./LimitsPage";
export { TenantLimits } from "./TenantLimits";
