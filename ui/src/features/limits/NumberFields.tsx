import type { LimitNumbers, LimitScope } from "@/api";
import { TextField } from "@/ui";
import { fieldsOf, numberWords, readNumbers, type LimitTexts, type NUMBER_FIELDS } from "./queries";

type Field = (typeof NUMBER_FIELDS)[number];
const LABELS: Record<Field, string> = { requests_per_minute: "Requests a minute", tokens_per_minute: "Tokens a minute", burst: "Requests at one moment", concurrent_requests: "Requests on their way at once" };

interface Props {
  scope: LimitScope;
  values: LimitTexts;
  set: (patch: Partial<LimitTexts>) => void;
  /** What holds where a field is left empty. */
  base: LimitNumbers | undefined;
  errors: Record<string, string | undefined>;
}
/** The numbers a scope can have. Empty means: as the default, or without a limit where this is the default. */
export function NumberFields({ scope, values, set, base, errors }: Props) {
  const { wrong } = readNumbers(values, scope);
  const hint = (field: Field) => {
    if (field === "burst") return "Left empty, a whole minute's requests may come at one moment.";
    return base ? `Left empty: as the default, ${numberWords(base[field])}` : "Left empty: no limit";
  };
  const mistake = (field: Field) => {
    if (!wrong.includes(field)) return errors[field];
    return field === "burst" && !wrong.includes("requests_per_minute") && /^[\d,\s]+$/.test(values.burst) ? "Needs requests a minute as well." : "A whole number from 1 to 1,000,000,000, or nothing.";
  };
  return fieldsOf(scope).map((field) => (
    <TextField key={field} label={LABELS[field]} value={values[field]} onChange={(text) => set({ [field]: text })} inputMode="numeric" hint={hint(field)} error={mistake(field)} />
  ));
}
