import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { TenantView } from "@/api";
import { ErrorState, Money, SkeletonRows, useMay } from "@/components";
import { formatPercent } from "@/lib/number";
import { Button, Chip, Empty, Meter } from "@/ui";
import { BudgetForm } from "./BudgetForm";
import { budgetsQuery, budgetTree, meterOf, SCOPE_WORDS, STATE_TONE, STATE_WORDS } from "./queries";

export function TenantBudgets({ tenant }: { tenant: TenantView }) {
  const list = useQuery(budgetsQuery);
  const may = useMay("budget:write");
  const [open, setOpen] = useState(false);
  const create = <Button kind="primary" onPress={() => setOpen(true)} disabledReason={may}>New budget</Button>;
  const mine = budgetTree((list.data?.items ?? []).filter((b) => b.tenant_id === tenant.id), "", undefined, undefined);
  return (
    <div className="page">
      <section className="card">
        <header><h2>Budgets</h2><span className="dim">The workspace&apos;s own budgets hold for {tenant.name} too.</span>{mine.length > 0 && <span className="push">{create}</span>}</header>
        {list.isPending ? <SkeletonRows rows={3} /> : list.isError ? <ErrorState of={list} what="Budgets" tight /> : mine.length === 0 ? (
          <Empty level={3} title={`No budget for ${tenant.name} yet`} action={create}>Only its quota and the workspace&apos;s budgets limit what it spends.</Empty>
        ) : (
          <table className="t">
            <thead><tr><th>Budget</th><th>Level</th><th>Period</th><th>Kind</th><th>State</th><th style={{ width: "30%" }}>Spent, reserved, projected</th><th className="num">Spent</th><th className="num">Left</th><th className="num">Limit</th></tr></thead>
            <tbody>
              {mine.map((b) => (
                <tr key={b.id}>
                  <td><Link className="rowlink" to="/budgets" search={{ budget: b.id }}>{b.name}</Link></td><td className="dim">{SCOPE_WORDS[b.scope]}</td><td>{b.period}</td><td><Chip plain>{b.kind}</Chip></td><td><Chip tone={STATE_TONE[b.status.state]}>{STATE_WORDS[b.status.state]}</Chip></td>
                  <td style={{ overflow: "visible" }}><Meter {...meterOf(b)} label={`${formatPercent(b.status.percentage_used)} of the limit used`} /></td>
                  <td className="num"><Money usd={b.status.spent_usd} /></td><td className="num"><Money usd={b.status.remaining_usd} /></td><td className="num dim"><Money usd={b.status.limit_usd} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
      {open && <BudgetForm tenantId={tenant.id} onClose={() => setOpen(false)} />}
    </div>
  );
}
