import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { PriceView } from "@/api";
import { col, DataTable, Day, ErrorState, FilterMenu, without, type Column } from "@/components";
import { useTenantOptions } from "@/features/tenants";
import { useNarrow } from "@/lib/media";
import { Button, Chip, Empty, Icon } from "@/ui";
import { PriceInspector } from "./PriceInspector";
import type { PricesSearch, SetSearch } from "./PricesPage";
import { ProviderName, useProviders } from "./providers";
import { priceQuery, pricesQuery } from "./queries";
import { ORIGIN_WORDS, priceKey, ratesInShort, splitKey } from "./rates";

const usd = (rate: string | null) => (rate === null ? <span className="faint">–</span> : `$${rate}`);
/** A model that is not priced by tokens says by what. */
const main = (p: PriceView) => (p.input_usd_per_million === null && p.output_usd_per_million === null ? <span className="dim">{ratesInShort(p.rates)}</span> : null);

const COLUMNS: Column<PriceView>[] = [
  col("Model", "minmax(160px, 2fr)", (p) => <span className="row" style={{ gap: 6 }}><span className="mono clip strong">{p.model}</span>{p.agree === false && <Chip tone="warn">disputed</Chip>}</span>),
  col("Provider", "112px", (p) => <ProviderName id={p.provider} />, { className: "dim" }),
  col("For", "92px", (p) => p.mode.replaceAll("_", " "), { className: "dim" }),
  col("Input, per 1M", "100px", (p) => usd(p.input_usd_per_million), { num: true }),
  col("Cached, per 1M", "116px", (p) => usd(p.cache_read_usd_per_million), { num: true, className: "dim" }),
  col("Output, per 1M", "114px", (p) => main(p) ?? usd(p.output_usd_per_million), { num: true }),
  col("Origin", "102px", (p) => <Chip plain tone={p.own_price_id ? "info" : "none"}>{ORIGIN_WORDS[p.origin] ?? p.origin}</Chip>),
  col("Holds since", "92px", (p) => <Day at={p.effective_from} />, { className: "dim" }),
];
const BESIDE = without(COLUMNS, "For", "Holds since");
const NARROW = without(COLUMNS, "For", "Holds since", "Cached, per 1M", "Origin");
export function CatalogueTab({ search, set }: { search: PricesSearch; set: SetSearch }) {
  const narrow = useNarrow();
  const providers = useProviders();
  const tenants = useTenantOptions();
  const list = useInfiniteQuery(pricesQuery({ q: search.q, provider: search.provider, disputed: search.disputed, tenant: search.tenant }));
  const rows = useMemo(() => list.data?.pages.flatMap((p) => p.items) ?? [], [list.data]);
  const listed = rows.find((p) => priceKey(p) === search.price);
  // A link may name a price that is further down than what is loaded, or that the filters leave out.
  const wanted = search.price && !listed ? splitKey(search.price) : null;
  const looked = useQuery({ ...priceQuery(wanted ?? { provider: "", model: "" }, search.tenant), enabled: wanted !== null && list.isSuccess });
  const chosen = listed ?? (wanted ? looked.data : null) ?? undefined;
  const filtered = search.q || search.provider || search.disputed || search.tenant;
  return (
    <>
      <div className="filters">
        <div className="tokenbox">
          <Icon name="search" size={13} />
          <input type="search" aria-label="Find a model" placeholder="Find a model or provider" value={search.q ?? ""} onChange={(e) => set({ q: e.target.value || undefined, price: undefined })} />
        </div>
        <FilterMenu label="provider" value={search.provider} options={providers} onChange={(provider) => set({ provider, price: undefined })} />
        <FilterMenu label="tenant" value={search.tenant} options={tenants} onChange={(tenant) => set({ tenant, price: undefined })} />
        <Button pressed={!!search.disputed} onPress={() => set({ disputed: search.disputed ? undefined : true, price: undefined })}>Disputed only</Button>
        <span className="dim" role="status">{list.isSuccess && `${rows.length.toLocaleString("en")}${list.hasNextPage ? "+" : ""} ${rows.length === 1 ? "price" : "prices"}, in USD per million tokens`}</span>
      </div>
      <div className={`listpage${chosen ? " open" : ""}`}>
        <div className="listcol">
          {list.isError ? <ErrorState of={list} what="Prices" /> : (
            <DataTable
              label="Prices" columns={!chosen ? COLUMNS : narrow ? NARROW : BESIDE} rows={rows} rowId={priceKey} selected={chosen && priceKey(chosen)} onSelect={(price) => set({ price })} loading={list.isPending} minWidth={!chosen ? 880 : narrow ? 500 : 700}
              more={{ has: list.hasNextPage, busy: list.isFetchingNextPage, failed: list.isFetchNextPageError, load: () => void list.fetchNextPage() }}
              empty={<Empty title="No price matches" action={filtered && <Button onPress={() => set({ q: undefined, provider: undefined, disputed: undefined, tenant: undefined })}>Clear the filters</Button>}>A model that no list names has no price, and is never free: its calls are refused, or charged at the ceiling rate. You can enter a price of your own.</Empty>}
            />
          )}
        </div>
        {chosen && <PriceInspector key={priceKey(chosen)} price={chosen} onClose={() => set({ price: undefined })} onOwn={() => set({ new: priceKey(chosen) })} />}
      </div>
    </>
  );
}
