export { PRICE_TABS, PricesPage, type PricesSearch } from "./PricesPage";
