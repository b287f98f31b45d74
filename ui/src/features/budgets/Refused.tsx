import { useQuery } from "@tanstack/react-query";
import { type RefusedCallerView } from "@/api";
import { ErrorState, Money, Section, TimeAgo } from "@/components";
import { plural } from "@/lib/number";
import { PERIOD_NOW, refusalsQuery, type BudgetRow } from "./queries";

const MOST = 8;
/** Who it was, from what the call said of itself. */
function who(r: RefusedCallerView, budget: BudgetRow): string {
  const parts = [budget.tenant_id === null ? r.tenant_name : null, r.api_key_name, r.user && `user ${r.user}`, r.model].filter(Boolean);
  return parts.length === 0 ? "several callers in a rush" : parts.join(", ");
}

/** Who was refused what in the current period. */
export function Refused({ budget }: { budget: BudgetRow }) {
  const s = budget.status;
  const list = useQuery({ ...refusalsQuery(budget.id), enabled: s.refused_calls > 0 });
  const items = list.data?.items ?? [];
  return (
    <Section title={`Refused ${PERIOD_NOW[budget.period]}`}>
      {s.refused_calls === 0 ? <span className="dim">No call was refused.</span> : (
        <>
          <p style={{ marginBottom: 6 }}>{plural(s.refused_calls, "call")}, <Money usd={s.refused_usd} /> asked for</p>
          {list.isError ? <ErrorState of={list} what="Who was refused" tight /> : (
            <dl className="kv">
              {items.slice(0, MOST).map((r, i) => (
                <div key={i} style={{ display: "contents" }}>
                  <dt><TimeAgo at={r.last_at} /></dt>
                  <dd style={{ whiteSpace: "normal" }}>{plural(r.calls, "call")}, <Money usd={r.asked_usd} /> asked <span className="faint">{who(r, budget)}</span></dd>
                </div>
              ))}
            </dl>
          )}
          {items.length > MOST && <span className="faint">and {plural(items.length - MOST, "other caller")}</span>}
        </>
      )}
    </Section>
  );
}
