export { MIN_PASSWORD, SettingsPage } from "./SettingsPage";
