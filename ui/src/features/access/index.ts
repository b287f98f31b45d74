export { ACCESS_TABS, AccessPage, type AccessSearch } from "./AccessPage";
