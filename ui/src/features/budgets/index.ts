export { BudgetsPage, type BudgetsSearch } from "./BudgetsPage";
export { BUDGET_SCOPES, BUDGET_STATES } from "./queries";
export { TenantBudgets } from "./TenantBudgets";
