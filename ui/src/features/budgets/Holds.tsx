import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, errorWords, take, type HoldView } from "@/api";
import { Money, Section, TimeAgo, useMay } from "@/components";
import { addUsd, formatUsd, percentOf } from "@/lib/money";
import { Button, Notice, Sheet, toast } from "@/ui";
import { holdsQuery, type BudgetRow } from "./queries";

const WHY = "Kept for calls whose outcome was lost. Release an amount once the provider's bill shows what they cost.";

function HoldList({ holds }: { holds: HoldView[] }) {
  const client = useQueryClient();
  const may = useMay("budget:write");
  const release = useMutation({
    mutationFn: (hold: HoldView) => take(api.POST("/holds/{id}/release", { params: { path: { id: hold.id } } })),
    onSuccess: (_, hold) => {
      for (const key of ["holds", "budgets", "overview"]) void client.invalidateQueries({ queryKey: [key] });
      toast({ title: `Released ${formatUsd(hold.amount_usd)} held for ${hold.tenant_name}` });
    },
    onError: (error) => toast({ title: "Not released", detail: errorWords(error), bad: true }),
  });
  return (
    <>
      <p className="dim" style={{ marginBottom: 8 }}>{WHY}</p>
      <dl className="kv">
        {holds.map((h) => (
          <div key={h.id} style={{ display: "contents" }}>
            <dt><TimeAgo at={h.opened_at} /></dt>
            <dd className="row"><span><Money usd={h.amount_usd} /> <span className="faint">{h.tenant_name}, {h.reason}</span></span><span className="push"><Button small label={`Release ${formatUsd(h.amount_usd)} held for ${h.tenant_name}`} disabledReason={may} pending={release.isPending && release.variables?.id === h.id} onPress={() => release.mutate(h)}>Release</Button></span></dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** What is held under one budget. */
export function Holds({ budget }: { budget: BudgetRow }) {
  const list = useQuery(holdsQuery);
  const mine = (list.data?.items ?? []).filter((h) => budget.tenant_id === null || h.tenant_id === budget.tenant_id);
  if (mine.length === 0 && percentOf(budget.status.held_usd, "1") === 0) return null;
  return <Section title="Held after a crash"><HoldList holds={mine} /></Section>;
}

/** What is held at all: also where no budget stands above it. */
export function HoldsNotice() {
  const holds = useQuery(holdsQuery).data?.items ?? [];
  const [open, setOpen] = useState(false);
  if (holds.length === 0 && !open) return null;
  return (
    <>
      {holds.length > 0 && <Notice>{formatUsd(addUsd(...holds.map((h) => h.amount_usd)))} is held since a crash, for calls whose outcome was lost. <Button small onPress={() => setOpen(true)}>Compare and release</Button></Notice>}
      {open && (
        <Sheet title="Held after a crash" onClose={() => setOpen(false)} wide>
          <div className="content">{holds.length === 0 ? <p className="dim">Nothing is held any more.</p> : <HoldList holds={holds} />}</div>
        </Sheet>
      )}
    </>
  );
}
