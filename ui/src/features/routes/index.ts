export { keyState, routesQuery, routingHealthQuery } from "./queries";
export { RoutesPage, type RoutesSearch } from "./RoutesPage";
