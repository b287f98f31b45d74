import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { UnpricedModelView } from "@/api";
import { col, DataTable, ErrorState, Money, TimeAgo, useMay, without, type Column } from "@/components";
import { useNarrow } from "@/lib/media";
import { formatCount } from "@/lib/number";
import { Button, Chip, Empty, type Tone } from "@/ui";
import type { SetSearch } from "./PricesPage";
import { unpricedQuery } from "./queries";
import { priceKey } from "./rates";

const REASON: Record<string, [Tone, string]> = { unknown_model: ["bad", "no price"], missing_rate: ["bad", "rate missing"], disputed: ["warn", "disputed"] };

export function UnpricedTab({ set }: { set: SetSearch }) {
  const may = useMay("price:write");
  const narrow = useNarrow();
  const list = useQuery(unpricedQuery);
  const columns: Column<UnpricedModelView>[] = [
    col("Model", "minmax(150px, 1.4fr)", (m) => <span className="mono strong clip">{m.model}</span>),
    col("Provider", "104px", (m) => m.provider, { className: "dim" }),
    col("Why", "100px", (m) => { const [tone, word] = REASON[m.reason] ?? ["none", m.reason]; return <Chip tone={tone}>{word}</Chip>; }),
    col("Refused calls", "110px", (m) => formatCount(m.refused_calls), { num: true }),
    col("Charged calls", "110px", (m) => formatCount(m.charged_calls), { num: true }),
    col("Charged", "84px", (m) => <Money usd={m.cost_usd} />, { num: true }),
    col("Asked by", "minmax(120px, 1fr)", (m) => m.tenants.join(", "), { className: "dim" }),
    col("Last asked", "92px", (m) => <TimeAgo at={m.last_at} />, { className: "dim" }),
    col("Price it", "92px", (m) => <Button small label={`Price it: ${m.model}`} onPress={() => set({ new: priceKey(m) })} disabledReason={may}>Price it</Button>),
  ];
  return (
    <>
      <div className="filters"><span className="dim">Calls for a model without a price are refused, or charged at the ceiling rate and flagged, as <Link to="/settings">Settings</Link> say. Disputed prices show here if they were used in the last 30 days.</span></div>
      <div className="listpage">
        <div className="listcol">
          {list.isError ? <ErrorState of={list} what="The list" /> : (
            <DataTable label="Models to be priced" columns={narrow ? without(columns, "Last asked") : columns} rows={list.data?.items ?? []} rowId={(m) => `${priceKey(m)} ${m.reason}`} loading={list.isPending} minWidth={narrow ? 850 : 970}
              empty={<Empty title="Everything that was asked for has a price">A model that nobody lists shows here as soon as somebody calls it.</Empty>}
            />
          )}
        </div>
      </div>
    </>
  );
}
