export { LiveRequests } from "./LiveRequests";
export type { RequestsSearch } from "./queries";
export { reasonWords } from "./queries";
export { RequestsPage } from "./RequestsPage";
