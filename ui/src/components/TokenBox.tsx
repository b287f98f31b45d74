import { useRef, useState } from "react";
import { Autocomplete, Input, Menu, MenuItem, SearchField } from "react-aria-components";
import { withoutToken, withToken, type Token } from "@/lib/filters";
import { Icon } from "@/ui";

export interface FilterField {
  id: string;
  label: string;
  hint: string;
  values: { id: string; label: string }[];
}
interface Props {
  fields: FilterField[];
  tokens: Token[];
  q: string | undefined;
  onChange: (tokens: Token[], q: string | undefined) => void;
  label: string;
}
interface Suggestion {
  id: string;
  label: string;
  note: string;
}
const MOST = 12;

/** What to offer for the text so far: first the fields, after "field:" its values. */
export function suggest(text: string, fields: FilterField[]): Suggestion[] {
  const colon = text.indexOf(":");
  const field = colon < 0 ? undefined : fields.find((f) => f.label.toLowerCase() === text.slice(0, colon).trim().toLowerCase());
  if (field) {
    const part = text.slice(colon + 1).trim();
    const found = field.values.filter((v) => v.label.toLowerCase().includes(part.toLowerCase())).slice(0, MOST);
    const exact = found.some((v) => v.label.toLowerCase() === part.toLowerCase());
    const typed = part !== "" && !exact && field.id !== "outcome" && field.id !== "tenant";
    return [
      ...found.map((v) => ({ id: `v|${field.id}|${v.id}`, label: v.label, note: field.label })),
      ...(typed ? [{ id: `v|${field.id}|${part}`, label: part, note: `${field.label} is exactly this` }] : []),
    ];
  }
  const needle = text.trim().toLowerCase();
  const byName = fields.filter((f) => f.label.toLowerCase().includes(needle)).map((f) => ({ id: `f|${f.id}`, label: `${f.label}:`, note: f.hint }));
  if (needle.length < 2) return byName;
  const byValue = fields.flatMap((f) => f.values.filter((v) => v.label.toLowerCase().includes(needle)).slice(0, 4).map((v) => ({ id: `v|${f.id}|${v.id}`, label: v.label, note: f.label })));
  return [...byName, ...byValue, { id: "q", label: `Search for “${text.trim()}”`, note: "in all text" }].slice(0, MOST);
}

export function TokenBox({ fields, tokens, q, onChange, label }: Props) {
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const shown = open ? suggest(text, fields) : [];
  const words = (t: Token) => {
    const field = fields.find((f) => f.id === t.field);
    return [field?.label ?? t.field, field?.values.find((v) => v.id === t.value)?.label ?? t.value] as const;
  };
  const search = () => {
    onChange(tokens, text.trim() || undefined);
    setText("");
    setOpen(false);
  };
  const pick = (id: string) => {
    if (id === "q") return search();
    const [kind, field = "", ...rest] = id.split("|");
    if (kind === "f") {
      setText(`${fields.find((f) => f.id === field)?.label ?? field}:`);
      box.current?.querySelector("input")?.focus();
      return;
    }
    onChange(withToken(tokens, { field, value: rest.join("|") }), q);
    setText("");
    setOpen(false);
  };
  return (
    <div
      className="tokenbox" ref={box} style={{ position: "relative" }}
      onBlur={(e) => !e.currentTarget.contains(e.relatedTarget) && setOpen(false)}
    >
      <Icon name="search" size={13} />
      {tokens.map((t) => {
        const [field, value] = words(t);
        return (
          <span className="tok" key={t.field}>
            <span>{field}</span><span>{value}</span>
            <button type="button" aria-label={`Remove filter ${field} ${value}`} onClick={() => onChange(withoutToken(tokens, t.field), q)}><Icon name="close" size={9} /></button>
          </span>
        );
      })}
      {q && (
        <span className="tok"><span>text</span><span>{q}</span><button type="button" aria-label={`Remove search for ${q}`} onClick={() => onChange(tokens, undefined)}><Icon name="close" size={9} /></button></span>
      )}
      <Autocomplete inputValue={text} onInputChange={(next) => { setText(next); setOpen(true); }} disableAutoFocusFirst={!text.includes(":")}>
        <SearchField aria-label={label} style={{ flex: 1, display: "flex" }} onSubmit={() => { if (text.trim() && !text.includes(":")) search(); }}
          onKeyDown={(e) => {
            if (e.key === "Backspace" && text === "" && (q || tokens.length > 0)) onChange(q ? tokens : tokens.slice(0, -1), undefined);
            if (e.key === "Escape") setOpen(false);
          }}>
          <Input placeholder="Add a filter, or type to search" onFocus={() => setOpen(true)} onClick={() => setOpen(true)} />
        </SearchField>
        {shown.length > 0 && (
          <div className="pop" style={{ position: "absolute", top: 30, left: 0, minWidth: 320 }}>
            <Menu aria-label="Filters" items={shown} dependencies={[shown]} onAction={(key) => pick(String(key))} shouldFocusWrap>
              {(s) => <MenuItem id={s.id} textValue={s.label}>{s.label}<span className="faint push">{s.note}</span></MenuItem>}
            </Menu>
          </div>
        )}
      </Autocomplete>
    </div>
  );
}
