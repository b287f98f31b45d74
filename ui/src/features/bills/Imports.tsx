import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { BillAccountView, BillImportView } from "@/api";
import { col, DataTable, ErrorState, Money, TimeAgo, type Column } from "@/components";
import { formatCount } from "@/lib/number";
import { plainDay } from "@/lib/time";
import { Chip, Empty, Sheet } from "@/ui";
import { accountsQuery, importsQuery, providerName } from "./queries";

/** The last day of an import, which is told by the first moment behind it. */
const lastDay = (i: BillImportView): string => new Date(new Date(i.to).getTime() - 1).toISOString().slice(0, 10);

/** Every import, what it brought or why it did not. */
export function ImportsSheet({ onClose }: { onClose: () => void }) {
  const list = useInfiniteQuery(importsQuery);
  const accounts = useQuery(accountsQuery).data?.items ?? [];
  const name = (i: BillImportView) => accounts.find((a: BillAccountView) => a.id === i.account_id)?.name ?? "Removed key";
  const columns: Column<BillImportView>[] = [
    col("When", "96px", (i) => <TimeAgo at={i.at} />),
    col("Bill of", "minmax(130px, 1fr)", (i) => <span className="clip">{providerName(i.provider)} <span className="dim">{name(i)}</span></span>),
    col("Days", "118px", (i) => `${plainDay(i.from.slice(0, 10))} to ${plainDay(lastDay(i))}`, { className: "dim" }),
    col("Outcome", "minmax(150px, 1.4fr)", (i) => (i.error ? <span className="clip" title={i.error}><Chip tone="bad">failed</Chip> <span className="dim">{i.error}</span></span> : <Chip tone="ok">{i.changed > 0 ? `${formatCount(i.changed)} changed` : "no change"}</Chip>)),
    col("Lines", "70px", (i) => formatCount(i.lines), { num: true }),
    col("Billed", "100px", (i) => (i.error ? <span className="faint">–</span> : <Money usd={i.billed_usd} />), { num: true }),
    col("By", "90px", (i) => (i.by_schedule ? "schedule" : "a person"), { className: "dim" }),
  ];
  const rows = list.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <Sheet title="Imports of bills" onClose={onClose} wide>
      {list.isError ? <ErrorState of={list} what="The list" tight /> : (
        <DataTable label="Imports of bills" columns={columns} rows={rows} rowId={(i) => i.id} loading={list.isPending} minWidth={780}
          more={{ has: list.hasNextPage, busy: list.isFetchingNextPage, load: () => void list.fetchNextPage(), failed: list.isFetchNextPageError }}
          empty={<Empty title="Nothing was imported yet">Bills are imported once a day, and when you ask.</Empty>}
        />
      )}
    </Sheet>
  );
}
