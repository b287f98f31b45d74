export { JoinPage } from "./JoinPage";
export { safeNext, SignInPage, type SignInSearch } from "./SignInPage";
