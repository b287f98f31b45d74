import { useMemo, type ReactNode } from "react";
import {
  Button as AriaButton, Checkbox, CheckboxGroup, ComboBox as AriaCombo, FieldError, Input, Label, ListBox, ListBoxItem, Popover, Radio as AriaRadio,
  RadioGroup, Select as AriaSelect, SelectValue, Text, TextArea, TextField as AriaTextField,
} from "react-aria-components";
import { useMissing } from "./Form";
import { Icon } from "./Icon";

const NEEDED = "This is needed.";
const UNCHOSEN = "Choose one.";

interface Common {
  label: string;
  hint?: ReactNode;
  error?: string;
}
interface TextProps extends Common {
  value: string;
  onChange: (value: string) => void;
  type?: "text" | "password" | "email" | "number" | "date" | "datetime-local";
  placeholder?: string;
  autoFocus?: boolean;
  autoComplete?: string;
  multiline?: boolean;
  mono?: boolean;
  required?: boolean;
  /** Set for money and numbers so that phones and readers know. */
  inputMode?: "decimal" | "numeric" | "email";
}

export function TextField({ label, hint, error, value, onChange, type = "text", placeholder, autoFocus, autoComplete = "off", multiline, mono, required, inputMode }: TextProps) {
  const cls = `input${mono ? " mono" : ""}`;
  const missing = useMissing(!!required && !value.trim(), NEEDED);
  const told = error ?? missing;
  return (
    <AriaTextField className="field" value={value} onChange={onChange} isInvalid={!!told} type={type} autoFocus={autoFocus} autoComplete={autoComplete} isRequired={required} validationBehavior="aria" inputMode={inputMode}>
      <Label>{label}</Label>
      {multiline ? <TextArea className={cls} rows={3} placeholder={placeholder} /> : <Input className={cls} placeholder={placeholder} spellCheck={false} />}
      {hint && <Text slot="description" className="hint">{hint}</Text>}
      <FieldError className="err">{told}</FieldError>
    </AriaTextField>
  );
}

export interface Option<T extends string = string> {
  id: T;
  label: string;
  note?: string;
}
interface ChoiceProps<T extends string> extends Common {
  value: T | null;
  onChange: (value: T) => void;
  options: readonly Option<T>[];
  placeholder?: string;
}

export function Select<T extends string>({ label, hint, error, value, onChange, options, placeholder = "Choose" }: ChoiceProps<T>) {
  const missing = useMissing(value === null, UNCHOSEN);
  const told = error ?? missing;
  return (
    <AriaSelect className="field" selectedKey={value} onSelectionChange={(key) => key !== null && onChange(String(key) as T)} isInvalid={!!told} isDisabled={options.length === 0} placeholder={options.length === 0 ? "Loading" : placeholder}>
      <Label>{label}</Label>
      <AriaButton className="btn selectbtn">
        <SelectValue className="clip" />
        <Icon name="down" size={12} />
      </AriaButton>
      {hint && <Text slot="description" className="hint">{hint}</Text>}
      <FieldError className="err">{told}</FieldError>
      <Popover className="pop" offset={4}>
        <ListBox items={options}>
          {(o) => (
            <ListBoxItem id={o.id} textValue={o.label}>
              {o.label}
              {o.note && <span className="faint push">{o.note}</span>}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}

/** For long lists such as time zones: type to narrow. */
export function ComboBox<T extends string>({ label, hint, error, value, onChange, options }: ChoiceProps<T>) {
  const items = useMemo(() => [...options], [options]);
  const missing = useMissing(value === null, UNCHOSEN);
  const told = error ?? missing;
  return (
    <AriaCombo className="field" defaultItems={items} selectedKey={value} onSelectionChange={(key) => key !== null && onChange(String(key) as T)} isInvalid={!!told} menuTrigger="focus">
      <Label>{label}</Label>
      <div className="combo">
        <Input className="input" spellCheck={false} />
        <AriaButton className="btn icon">
          <Icon name="down" size={12} />
        </AriaButton>
      </div>
      {hint && <Text slot="description" className="hint">{hint}</Text>}
      <FieldError className="err">{told}</FieldError>
      <Popover className="pop" offset={4}>
        <ListBox renderEmptyState={() => <div className="faint" style={{ padding: 8 }}>Nothing by that name</div>}>
          {(o: Option) => <ListBoxItem id={o.id} textValue={o.label}>{o.label}{o.note && <span className="faint push">{o.note}</span>}</ListBoxItem>}
        </ListBox>
      </Popover>
    </AriaCombo>
  );
}

/** A text with suggestions: what was typed counts, listed or not. */
export function SuggestBox({ label, hint, error, value, onChange, suggestions, mono, required }: Common & { value: string; onChange: (value: string) => void; suggestions: string[]; mono?: boolean; required?: boolean }) {
  const items = useMemo(() => suggestions.filter((s) => s.toLowerCase().includes(value.trim().toLowerCase())).slice(0, 100).map((id) => ({ id })), [suggestions, value]);
  const missing = useMissing(!!required && !value.trim(), NEEDED);
  const told = error ?? missing;
  return (
    <AriaCombo className="field" items={items} inputValue={value} onInputChange={onChange} onSelectionChange={(key) => key !== null && onChange(String(key))} isInvalid={!!told} allowsCustomValue allowsEmptyCollection menuTrigger="focus" isRequired={required} validationBehavior="aria">
      <Label>{label}</Label>
      <div className="combo">
        <Input className={`input${mono ? " mono" : ""}`} spellCheck={false} />
        <AriaButton className="btn icon">
          <Icon name="down" size={12} />
        </AriaButton>
      </div>
      {hint && <Text slot="description" className="hint">{hint}</Text>}
      <FieldError className="err">{told}</FieldError>
      <Popover className="pop" offset={4}>
        <ListBox renderEmptyState={() => <div className="faint" style={{ padding: 8 }}>None seen by that name yet</div>}>
          {(o: { id: string }) => <ListBoxItem id={o.id} textValue={o.id}>{o.id}</ListBoxItem>}
        </ListBox>
      </Popover>
    </AriaCombo>
  );
}

/** Several of a few. */
export function Checks({ label, hint, error, value, onChange, options }: Common & { value: string[]; onChange: (value: string[]) => void; options: Option[] }) {
  return (
    <CheckboxGroup className="field" value={value} onChange={onChange} isInvalid={!!error}>
      <Label>{label}</Label>
      <div className="radios">
        {options.map((o) => (
          <Checkbox key={o.id} value={o.id} className="radio check">
            <span className="strong">{o.label}</span>
            {o.note && <small>{o.note}</small>}
          </Checkbox>
        ))}
      </div>
      {hint && <Text slot="description" className="hint">{hint}</Text>}
      <FieldError className="err">{error}</FieldError>
    </CheckboxGroup>
  );
}

export function Radios<T extends string>({ label, value, onChange, options, columns, hint, error }: ChoiceProps<T> & { columns?: boolean }) {
  return (
    <RadioGroup className="field" value={value} onChange={(v) => onChange(v as T)} isInvalid={!!error}>
      <Label>{label}</Label>
      <div className={`radios${columns ? " cols" : ""}`}>
        {options.map((o) => (
          <AriaRadio key={o.id} value={o.id} className="radio">
            <span className="strong">{o.label}</span>
            {o.note && <small>{o.note}</small>}
          </AriaRadio>
        ))}
      </div>
      {hint && <Text slot="description" className="hint">{hint}</Text>}
      <FieldError className="err">{error}</FieldError>
    </RadioGroup>
  );
}
