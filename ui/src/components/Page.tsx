import type { ReactNode } from "react";
import { Button, Icon, MenuButton } from "@/ui";
import { openPalette } from "./palette-state";

interface PageProps {
  title: string;
  parent?: ReactNode;
  beside?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}
export function Page({ title, parent, beside, actions, children }: PageProps) {
  return (
    <>
      <title>{`${title} – Reeve`}</title>
      <div className="bar">
        {parent && <><span className="crumb">{parent}</span><span className="crumb" aria-hidden="true">/</span></>}
        <h1>{title}</h1>
        {beside}
        <span className="push" />
        <Button onPress={openPalette}>
          Search or jump to <kbd>Ctrl K</kbd>
        </Button>
        {actions}
      </div>
      {children}
    </>
  );
}

interface InspectorProps {
  title: ReactNode;
  subtitle?: ReactNode;
  label: string;
  onClose: () => void;
  children: ReactNode;
}
export function Inspector({ title, subtitle, label, onClose, children }: InspectorProps) {
  return (
    <aside className="insp" aria-label={label}>
      <div className="top">
        <div style={{ minWidth: 0 }}>
          <h2>{title}</h2>
          {subtitle && <p>{subtitle}</p>}
        </div>
        <span className="push"><Button kind="icon" label="Close details" onPress={onClose}><Icon name="close" size={13} /></Button></span>
      </div>
      {children}
    </aside>
  );
}
export function Section({ title, children, beside }: { title: string; children: ReactNode; beside?: ReactNode }) {
  return (
    <section>
      <h3 className={beside ? "row" : undefined}>{title}{beside && <span className="push">{beside}</span>}</h3>
      {children}
    </section>
  );
}
export function Properties({ items, wide }: { items: [label: string, value: ReactNode][]; wide?: boolean }) {
  return (
    <dl className={`kv${wide ? " wide" : ""}`}>
      {items.map(([label, value], i) => (
        // Two rows may bear the same name.
        <div key={`${label} ${i}`} style={{ display: "contents" }}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
/** A choice that lives in the URL, as a button with a menu. */
export function FilterMenu({ label, value, options, onChange }: { label: string; value: string | undefined; options: { id: string; label: string }[]; onChange: (id: string | undefined) => void }) {
  const any = { id: "any", label: `Any ${label}` };
  const current = options.find((o) => o.id === value);
  return (
    <MenuButton
      label={<><span className="dim">{label}</span> {current?.label ?? "any"}</>}
      ariaLabel={`Filter by ${label}: ${current?.label ?? "any"}`}
      items={[any, ...options]}
      selected={value ?? "any"}
      onAction={(id) => onChange(id === "any" ? undefined : id)}
    />
  );
}
