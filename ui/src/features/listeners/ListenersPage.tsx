import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import type { CreatedListener, ListenerView } from "@/api";
import { col, DataTable, ErrorState, Page, TimeAgo, useMay, type Column } from "@/components";
import { formatCount } from "@/lib/number";
import { Button, Chip, Empty } from "@/ui";
import { ListenerForm } from "./ListenerForm";
import { ListenerPanel } from "./ListenerPanel";
import { hostOf, listenersQuery, sentWords, STATE_WORDS } from "./queries";
import { SecretShown } from "./SecretShown";

export interface ListenersSearch {
  listener?: string;
  new?: boolean;
}
const route = getRouteApi("/app/listeners");
const COLUMNS: Column<ListenerView>[] = [
  col("Name", "minmax(100px, 1fr)", (l) => l.name, { className: "strong" }),
  col("Address", "minmax(120px, 1fr)", (l) => hostOf(l.url), { className: "mono dim" }),
  col("Is sent", "minmax(120px, 1.3fr)", (l) => sentWords(l)),
  col("State", "112px", (l) => <Chip tone={STATE_WORDS[l.state][0]}>{STATE_WORDS[l.state][1]}</Chip>),
  col("Behind", "76px", (l) => formatCount(l.behind), { num: true }),
  col("Last delivered", "112px", (l) => <TimeAgo at={l.last_delivered_at} />, { className: "dim" }),
];

/** Who is sent entries of the audit trail as they are written. */
export function ListenersPage() {
  const search: ListenersSearch = route.useSearch();
  const navigate = route.useNavigate();
  const list = useQuery(listenersQuery);
  const may = useMay("listener:write");
  const [made, setMade] = useState<CreatedListener | null>(null);
  const select = (listener: string | undefined) => void navigate({ search: { listener }, replace: true });
  const create = <Button kind="primary" onPress={() => void navigate({ search: (old) => ({ ...old, new: true }) })} disabledReason={may}>New listener</Button>;
  const rows = list.data?.items ?? [];
  const chosen = rows.find((l) => l.id === search.listener);
  return (
    <Page title="Listeners" actions={create}>
      <div className="filters"><p className="dim">Addresses that are sent entries of the audit trail as they are written: signed, in their order, again until they are taken, never with what is personal.</p></div>
      <div className={`listpage${chosen ? " open" : ""}`}>
        <div className="listcol">
          {list.isError ? <ErrorState of={list} what="The listeners" /> : (
            <DataTable
              label="Listeners" columns={COLUMNS} rows={rows} rowId={(l) => l.id} selected={search.listener} onSelect={select} loading={list.isPending} minWidth={chosen ? 560 : 700}
              empty={<Empty title="Nobody listens yet" action={create}>Send entries to a SIEM, a chat or a program of your own, as they are written.</Empty>}
            />
          )}
        </div>
        {chosen && <ListenerPanel key={chosen.id} listener={chosen} may={may} onClose={() => select(undefined)} />}
      </div>
      {search.new && may === null && <ListenerForm onClose={() => void navigate({ search: (old) => ({ ...old, new: undefined }) })} onMade={setMade} />}
      {made && <SecretShown made={made} onClose={() => setMade(null)} />}
    </Page>
  );
}
