import { useState, type ReactNode } from "react";
import { errorWords, fieldErrors } from "@/api";
import { Button, Dialog, Form, Sheet, TextField } from "@/ui";
import { FormError } from "./states";

/** Form state mirrors the form; it is converted once, on submit. */
export function useForm<V extends object>(initial: V) {
  const [values, setValues] = useState(initial);
  return {
    values,
    bind: <K extends keyof V>(key: K) => ({ value: values[key], onChange: (value: V[K]) => setValues((old) => ({ ...old, [key]: value })) }),
    set: (patch: Partial<V>) => setValues((old) => ({ ...old, ...patch })),
  };
}

interface SideFormProps {
  title: string;
  submit: string;
  onSubmit: () => void;
  onClose: () => void;
  pending: boolean;
  error: unknown;
  /** Fields that show their own error. */
  shown: string[];
  blocked?: string | null | false;
  children: ReactNode;
}
export function SideForm({ title, submit, onSubmit, onClose, pending, error, shown, blocked, children }: SideFormProps) {
  const anyShown = Object.keys(fieldErrors(error)).some((f) => shown.includes(f));
  return (
    <Sheet title={title} onClose={onClose}>
      <Form onSubmit={() => !pending && onSubmit()}>
        <div className="content">
          {children}
          {!!error && !anyShown && <FormError error={error} shown={shown} />}
        </div>
        <footer>
          <Button onPress={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" pending={pending} disabledReason={blocked}>{submit}</Button>
        </footer>
      </Form>
    </Sheet>
  );
}

interface ConfirmProps {
  title: string;
  children: ReactNode;
  /** What must be typed, and what it is called. Absent: one press is enough. */
  type?: { text: string; of: string };
  act: string;
  pending: boolean;
  error: unknown;
  onConfirm: () => void;
  onClose: () => void;
  kind?: "danger" | "primary";
}
export function Confirm({ title, children, type, act, pending, error, onConfirm, onClose, kind = "danger" }: ConfirmProps) {
  const [typed, setTyped] = useState("");
  const wrong = type !== undefined && typed.trim() !== type.text;
  return (
    <Dialog title={title} onClose={onClose} alert>
      <Form onSubmit={() => !pending && onConfirm()}>
        <div className="content">
          <div className="dim">{children}</div>
          {type && <TextField label={`Type ${type.text} to confirm`} value={typed} onChange={setTyped} autoFocus mono={type.of !== "name"} required />}
          {!!error && <p role="alert" style={{ color: "var(--bad-ink)" }}>{errorWords(error)}</p>}
        </div>
        <footer>
          <Button onPress={onClose}>Cancel</Button>
          <Button kind={kind} type="submit" pending={pending} disabledReason={wrong && `Type the ${type.of} first`}>{act}</Button>
        </footer>
      </Form>
    </Dialog>
  );
}
