export { GROUPS } from "./queries";
export { UsagePage, type UsageSearch } from "./UsagePage";
