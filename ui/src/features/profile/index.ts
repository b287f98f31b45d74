export { MIN_PASSWORD } from "./Password";
export { ProfilePage } from "./ProfilePage";
export { SessionRows } from "./Sessions";
