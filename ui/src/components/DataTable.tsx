import { flexRender, getCoreRowModel, useReactTable, type ColumnDef, type RowData } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useId, useRef, type KeyboardEvent, type ReactNode } from "react";
import { Skeleton } from "@/ui";

declare module "@tanstack/react-table" {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  interface ColumnMeta<TData extends RowData, TValue> {
    /** A CSS grid track: "110px" or "minmax(120px, 1fr)". */
    track: string;
    num?: boolean;
    className?: string;
  }
}
export type Column<T> = ColumnDef<T> & { meta: { track: string; num?: boolean; className?: string } };

interface Props<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowId: (row: T) => string;
  /** All rows there are, when known, for screen readers; else those loaded. */
  total?: number;
  selected?: string;
  onSelect?: (id: string | undefined) => void;
  /** For lists whose rows are pages of their own: a press anywhere on the row goes there. The row also holds a real link. */
  onOpen?: (id: string) => void;
  loading?: boolean;
  empty?: ReactNode;
  rowHeight?: number;
  more?: { has: boolean; busy: boolean; load: () => void; failed?: boolean };
  minWidth?: number;
}
const NEAR_END = 15;
/** Called, not mounted: columns that are made anew with each render would else take the focus from a button in a cell. */
const drawn = <C extends object>(cell: unknown, context: C): ReactNode => (typeof cell === "function" ? (cell as (context: C) => ReactNode)(context) : null);

export function DataTable<T>({ label, columns, rows, rowId, total, selected, onSelect, onOpen, loading, empty, rowHeight = 32, more, minWidth = 640 }: Props<T>) {
  const scroll = useRef<HTMLDivElement>(null);
  const base = useId();
  const table = useReactTable({ data: rows, columns, getRowId: rowId, getCoreRowModel: getCoreRowModel() });
  const all = table.getRowModel().rows;
  const virtual = useVirtualizer({
    count: all.length, getScrollElement: () => scroll.current, estimateSize: () => rowHeight, overscan: 12,
    initialRect: { width: 1000, height: 700 },
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const wantMore = !!more?.has && !more.busy && !more.failed && last >= all.length - NEAR_END && all.length > 0;
  const load = more?.load;
  useEffect(() => {
    if (wantMore) load?.();
  }, [wantMore, load]);

  const at = all.findIndex((r) => r.id === selected);
  const move = (to: number) => {
    const index = Math.max(0, Math.min(all.length - 1, to));
    const row = all[index];
    if (!row) return;
    onSelect?.(row.id);
    virtual.scrollToIndex(index);
  };
  const STEP: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at < 0 ? 0 : at - 1, PageDown: at + 15, PageUp: at - 15, Home: 0, End: all.length - 1 };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!onSelect) return;
    const to = STEP[event.key];
    if (event.key === "Escape" && selected) onSelect(undefined);
    else if (to === undefined) return;
    else move(to);
    event.preventDefault();
  };
  const template = columns.map((c) => c.meta.track).join(" ");
  const rowCount = (total ?? all.length) + 1;

  if (!loading && all.length === 0) return <div className="vt">{empty}</div>;
  return (
    <div className="vt">
      <div
        className="vt-scroll" ref={scroll} role="grid" aria-label={label} aria-rowcount={rowCount} aria-colcount={columns.length} aria-busy={loading}
        tabIndex={0} onKeyDown={onKeyDown} aria-activedescendant={at >= 0 && items.some((i) => i.index === at) ? `${base}-${at}` : undefined}
      >
        <div className="vt-inner" style={{ minWidth }} role="presentation">
          <div className="vt-head" role="rowgroup">
            <div className="vt-row" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template }}>
              {table.getFlatHeaders().map((h) => {
                const meta = h.column.columnDef.meta;
                return (
                  <div key={h.id} role="columnheader" className={meta?.num ? "num" : undefined}>
                    {flexRender(h.column.columnDef.header, h.getContext())}
                  </div>
                );
              })}
            </div>
          </div>
          {loading ? (
            <div role="rowgroup">
              {Array.from({ length: 14 }, (_, i) => (
                <div key={i} role="row" className="vt-row" style={{ gridTemplateColumns: template, height: rowHeight, borderBottom: "1px solid var(--rule)" }}>
                  {columns.map((c, j) => <div key={j} role="gridcell" className={c.meta.num ? "num" : undefined}><Skeleton width={`${45 + ((i * 7 + j * 13) % 40)}%`} /></div>)}
                </div>
              ))}
            </div>
          ) : (
            <div className="vt-body" role="rowgroup" style={{ height: virtual.getTotalSize(), position: "relative" }}>
              {items.map((item) => {
                const row = all[item.index];
                if (!row) return null;
                return (
                  // Keys are handled by the grid that owns the row.
                  // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
                  <div
                    key={row.id} id={`${base}-${item.index}`} role="row" aria-rowindex={item.index + 2} aria-selected={onSelect ? row.id === selected : undefined}
                    className="vt-row" style={{ gridTemplateColumns: template, height: rowHeight, transform: `translateY(${item.start}px)` }}
                    onClick={(e) => {
                      if ((e.target as HTMLElement).closest("a, button")) return;
                      onSelect?.(row.id === selected ? undefined : row.id);
                      onOpen?.(row.id);
                    }}
                  >
                    {row.getVisibleCells().map((cell) => {
                      const meta = cell.column.columnDef.meta;
                      return (
                        <div key={cell.id} role="gridcell" className={`${meta?.num ? "num " : ""}${meta?.className ?? ""}`}>
                          {drawn(cell.column.columnDef.cell, cell.getContext())}
                        </div>
                      );
                    })}
                  </div>
                );
              })}
            </div>
          )}
        </div>
        {more?.busy && <div className="vt-more" role="status">Loading more</div>}
        {more?.failed && <div className="vt-more" role="alert">More rows could not be loaded. <button type="button" className="linkish" onClick={more.load}>Try again</button></div>}
      </div>
    </div>
  );
}

/** Leaves columns out by name, for a list beside an open inspector. */
export const without = <T,>(columns: Column<T>[], ...names: string[]): Column<T>[] => columns.filter((c) => !names.includes(c.id ?? ""));

/** A column in one line: heading, track, how to draw the row. */
export const col = <T,>(header: string, track: string, cell: (row: T) => ReactNode, options: { num?: boolean; className?: string } = {}): Column<T> => ({
  id: header, header, cell: (context) => cell(context.row.original), meta: { track, ...options },
});
