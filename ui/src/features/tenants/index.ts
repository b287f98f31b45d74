export { AllKeys } from "./AllKeys";
export { allKeysQuery, apiKeysQuery, PERIODS, tenantNamesQuery, useExampleModel, useTenantOptions } from "./queries";
export { tierOptions } from "./TenantForm";
export { TENANT_TABS, TenantPage, type TenantSearch } from "./TenantPage";
export { TenantsPage, type TenantsSearch } from "./TenantsPage";
