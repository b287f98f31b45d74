export { VaultPage } from "./VaultPage";
