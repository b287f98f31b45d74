export { Explain } from "./Explain";
export { GROUPS, tokensIn, tokensOut } from "./queries";
export { UsagePage, type UsageSearch } from "./UsagePage";
