export { MIN_PASSWORD } from "./Password";
export { programWords } from "./queries";
export { ProfilePage } from "./ProfilePage";
export { SessionRows } from "./Sessions";
