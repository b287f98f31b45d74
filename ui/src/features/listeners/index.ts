export { ListenersPage, type ListenersSearch } from "./ListenersPage";
