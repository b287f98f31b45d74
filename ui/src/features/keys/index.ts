export { createCredential, emptyKey, keyBlocked, KeyFields, type KeyValues } from "./KeyForm";
export { KeysCount } from "./KeysCount";
export { KeysPage, type KeysSearch } from "./KeysPage";
export { callKeysQuery, credentialsQuery, providersQuery, useProviderName } from "./queries";
