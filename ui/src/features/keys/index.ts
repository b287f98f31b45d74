export { createCredential, emptyKey, keyBlocked, KeyFields, type KeyValues } from "./KeyForm";
export { KeysPage, type KeysSearch } from "./KeysPage";
export { credentialsQuery, providersQuery } from "./queries";
