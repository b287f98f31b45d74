export { RestoreSheet } from "./Restore";
export { VaultPage } from "./VaultPage";
