import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, take, type OwnPriceView } from "@/api";
import { col, Confirm, DataTable, Day, ErrorState, useMay, type Column } from "@/components";
import { Button, Chip, Empty, toast, type Tone } from "@/ui";
import { OwnPriceForm } from "./OwnPriceForm";
import type { SetSearch } from "./PricesPage";
import { ProviderName } from "./providers";
import { ownPricesQuery, pricesChanged } from "./queries";
import { ratesInShort } from "./rates";

const STATE: Record<string, [Tone, string]> = { in_force: ["ok", "in force"], upcoming: ["info", "upcoming"], replaced: ["none", "replaced"], withdrawn: ["none", "withdrawn"] };

export function OwnPricesTab({ set }: { set: SetSearch }) {
  const client = useQueryClient();
  const may = useMay("price:write");
  const list = useQuery(ownPricesQuery);
  const [edit, setEdit] = useState<OwnPriceView | null>(null);
  const [drop, setDrop] = useState<OwnPriceView | null>(null);
  const withdraw = useMutation({
    mutationFn: (price: OwnPriceView) => take(api.DELETE("/prices/own/{id}", { params: { path: { id: price.id } } })),
    onSuccess: (price) => {
      pricesChanged(client);
      toast({ title: `Withdrew the own price of ${price.model}`, detail: "Calls from now on are charged at the next best price." });
      setDrop(null);
    },
  });
  const columns: Column<OwnPriceView>[] = [
    col("Model", "minmax(130px, 1.4fr)", (p) => <span className="mono strong clip">{p.model}</span>),
    col("Provider", "112px", (p) => <ProviderName id={p.provider} />, { className: "dim" }),
    col("Paid by", "minmax(124px, 1fr)", (p) => p.tenant_name ?? "Whole workspace"),
    col("Rates", "minmax(180px, 1.6fr)", (p) => ratesInShort(p.rates), { className: "dim" }),
    col("Holds from", "92px", (p) => <Day at={p.effective_from} />, { className: "dim" }),
    col("State", "104px", (p) => { const [tone, word] = STATE[p.state] ?? ["none", p.state]; return <Chip tone={tone}>{word}</Chip>; }),
    col("Actions", "150px", (p) => p.effective_to ? <span className="faint">ended <Day at={p.effective_to} /></span> : (
      <span className="row" style={{ gap: 4 }}>
        <Button small label={`Edit the price of ${p.model}`} onPress={() => setEdit(p)} disabledReason={may}>Edit</Button>
        <Button small label={`Withdraw the price of ${p.model}`} onPress={() => setDrop(p)} disabledReason={may}>Withdraw</Button>
      </span>
    )),
  ];
  return (
    <div className="listpage">
      <div className="listcol">
        {list.isError ? <ErrorState of={list} what="Own prices" /> : (
          <DataTable label="Own prices" columns={columns} rows={list.data?.items ?? []} rowId={(p) => p.id} loading={list.isPending} minWidth={880}
            empty={<Empty title="No prices of your own yet" action={<Button kind="primary" onPress={() => set({ new: "yes" })} disabledReason={may}>New own price</Button>}>Where you pay something else than the public list says, or run a model of your own, enter it here: for the whole workspace or for one tenant. It goes before every list.</Empty>}
          />
        )}
      </div>
      {edit && <OwnPriceForm price={edit} onClose={() => setEdit(null)} onRerate={(from, model) => set({ tab: "rerate", from, model })} />}
      {drop && (
        <Confirm title={`Withdraw the price of ${drop.model}`} act="Withdraw" pending={withdraw.isPending} error={withdraw.error} onConfirm={() => withdraw.mutate(drop)} onClose={() => setDrop(null)}>
          From now on calls are charged at the next best price: the workspace&apos;s, else the list&apos;s; without either they are refused or charged at the ceiling. It stays in the history, and charges made at it stay as they are.
        </Confirm>
      )}
    </div>
  );
}
