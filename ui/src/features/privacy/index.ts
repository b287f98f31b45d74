export { PRIVACY_TABS, PrivacyPage, type PrivacySearch } from "./PrivacyPage";
