import type { ReactNode } from "react";
import { errorReference, errorWords } from "@/api";
import { Button, Chip, Empty, Notice, Skeleton } from "@/ui";

interface Failable {
  error: unknown;
  refetch: () => unknown;
}
export function ErrorState({ of, what, tight }: { of: Failable; what: string; tight?: boolean }) {
  const reference = errorReference(of.error);
  return (
    <div role="alert">
      <Empty title={`${what} could not be loaded`} tight={tight} action={<Button onPress={() => void of.refetch()}>Try again</Button>}>
        {errorWords(of.error)}
        {reference && <span className="faint mono"> Reference {reference}</span>}
      </Empty>
    </div>
  );
}
export function FormError({ error, shown = [] }: { error: unknown; shown?: string[] }) {
  if (!error) return null;
  const rest = (error as { fields?: { field: string; message: string }[] }).fields?.filter((f) => !shown.includes(f.field)) ?? [];
  return (
    <Notice tone="bad" box>
      {errorWords(error)}
      {rest.map((f) => <div key={f.field}>{f.field}: {f.message}</div>)}
    </Notice>
  );
}
export function SkeletonRows({ rows = 6, widths = ["26%", "18%", "14%", "20%"] }: { rows?: number; widths?: string[] }) {
  return (
    <div role="status" aria-label="Loading" style={{ padding: "4px 14px 12px" }}>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} className="row" style={{ height: 32, gap: 24 }}>
          {widths.map((w, j) => <Skeleton key={j} width={w} />)}
        </div>
      ))}
    </div>
  );
}
export function Kpi({ label, children, unit, note }: { label: string; children: ReactNode; unit?: ReactNode; note?: ReactNode }) {
  return (
    <dl className="kpi">
      <dt>{label}</dt>
      <dd className="fig">{children}{unit && <small> {unit}</small>}</dd>
      {note && <dd className="note">{note}</dd>}
    </dl>
  );
}
export const SampleChip = () => <Chip plain>sample</Chip>;
