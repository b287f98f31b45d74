export { WitnessesCard } from "./WitnessesCard";
