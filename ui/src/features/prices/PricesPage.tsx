import { getRouteApi } from "@tanstack/react-router";
import { Page, useMay } from "@/components";
import { Button, Icon, Tabs } from "@/ui";
import { CatalogueTab } from "./CatalogueTab";
import { OwnPriceForm } from "./OwnPriceForm";
import { OwnPricesTab } from "./OwnPricesTab";
import { splitKey } from "./rates";
import { RefreshSheet } from "./RefreshSheet";
import { RerateTab } from "./RerateTab";
import { UnpricedTab } from "./UnpricedTab";

export const PRICE_TABS = ["own", "unpriced", "rerate"] as const;
export interface PricesSearch {
  tab?: (typeof PRICE_TABS)[number];
  q?: string;
  provider?: string;
  disputed?: true;
  tenant?: string;
  /** The chosen price, as provider/model. */
  price?: string;
  /** A new own price: yes, or for provider/model. */
  new?: string;
  refresh?: true;
  /** What the re-rating begins with. */
  from?: string;
  model?: string;
}
export type SetSearch = (patch: PricesSearch) => void;
const route = getRouteApi("/app/prices");

export function PricesPage() {
  const search: PricesSearch = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay("price:write");
  const set: SetSearch = (patch) => void navigate({ search: (old) => ({ ...old, ...patch }), replace: true });
  const tabs = [
    { id: "catalogue", label: "Catalogue", content: <CatalogueTab search={search} set={set} /> },
    { id: "own", label: "Own prices", content: <OwnPricesTab set={set} /> },
    { id: "unpriced", label: "To be priced", content: <UnpricedTab set={set} /> },
    { id: "rerate", label: "Re-rate", content: <RerateTab search={search} key={`${search.from ?? ""} ${search.model ?? ""}`} /> },
  ];
  const actions = (
    <>
      <Button onPress={() => set({ refresh: true })} disabledReason={may}><Icon name="import" size={13} /> Refresh catalogue</Button>
      <Button kind="primary" onPress={() => set({ new: "yes" })} disabledReason={may}>New own price</Button>
    </>
  );
  return (
    <Page title="Prices" actions={actions}>
      <Tabs label="Prices" fill tabs={tabs} selected={search.tab ?? "catalogue"} onChange={(tab) => set({ tab: PRICE_TABS.find((t) => t === tab), price: undefined })} />
      {search.new && <OwnPriceForm start={splitKey(search.new) ?? undefined} onClose={() => set({ new: undefined })} onRerate={(from, model) => set({ new: undefined, tab: "rerate", from, model })} />}
      {search.refresh && <RefreshSheet onClose={() => set({ refresh: undefined })} onRerate={(from) => set({ refresh: undefined, tab: "rerate", from, model: undefined })} />}
    </Page>
  );
}
