export { SetupPage, type SetupSearch } from "./SetupPage";
