export { BudgetsPage, type BudgetsSearch } from "./BudgetsPage";
export { BUDGET_SCOPES, BUDGET_STATES, budgetsQuery } from "./queries";
export { TenantBudgets } from "./TenantBudgets";
