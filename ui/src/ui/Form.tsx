import { createContext, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";

interface FormState {
  /** Whether somebody has tried to send it while something was missing. */
  tried: boolean;
  /** It cannot be sent yet: says so, and goes to the first field that is missing or wrong. */
  tell: () => void;
}
const FormContext = createContext<FormState>({ tried: false, tell: () => undefined });
export const useFormState = (): FormState => useContext(FormContext);

/** What a field says where it was left out of a form that somebody tried to send. */
export const useMissing = (missing: boolean, words: string): string | undefined => (useContext(FormContext).tried && missing ? words : undefined);

const FAULTY = ["input", "textarea", "button"].map((tag) => `.field[data-invalid] ${tag}`).join(", ");

interface Props {
  onSubmit: () => void;
  className?: string;
  children: ReactNode;
}
/** Sends itself through its submit button alone. Where that has a reason not to, Enter and a press show it, and which field it is about. */
export function Form({ onSubmit, className, children }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const [tries, setTries] = useState(0);
  const state = useMemo(() => ({ tried: tries > 0, tell: () => setTries((n) => n + 1) }), [tries]);
  useEffect(() => {
    // The fields know by now that they are missing.
    if (tries > 0) form.current?.querySelector<HTMLElement>(FAULTY)?.focus();
  }, [tries]);
  return (
    <FormContext value={state}>
      <form ref={form} className={className} noValidate onSubmit={(event) => {
        event.preventDefault();
        setTries(0);
        onSubmit();
      }}>{children}</form>
    </FormContext>
  );
}
