export { BILL_RANGES } from "./queries";
export { BillsPage, type BillsSearch } from "./BillsPage";
