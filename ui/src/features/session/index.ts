export { safeNext, SignInPage, type SignInSearch } from "./SignInPage";
