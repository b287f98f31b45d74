export { MIN_PASSWORD } from "./Password";
export { ProfilePage } from "./ProfilePage";
