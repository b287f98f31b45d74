import { useQuery } from "@tanstack/react-query";
import type { PriceView, RateView } from "@/api";
import { Day, ErrorState, Inspector, Properties, Section, SkeletonRows, useMay } from "@/components";
import { formatCount } from "@/lib/number";
import { Button, Chip, Notice } from "@/ui";
import { ProviderName } from "./providers";
import { priceHistoryQuery } from "./queries";
import { condition, ORIGIN_WORDS, ratesInShort, unitLabel } from "./rates";

export function RateTable({ rates }: { rates: RateView[] }) {
  return (
    <table className="t">
      <thead><tr><th style={{ paddingLeft: 0 }}>What</th><th className="num" style={{ paddingRight: 0 }}>USD</th></tr></thead>
      <tbody>
        {rates.map((r) => (
          <tr key={`${r.unit} ${r.tier ?? ""} ${r.above_input_tokens ?? ""}`}>
            <td style={{ paddingLeft: 0 }}>{unitLabel(r.unit)} <span className="faint">{condition(r.tier, r.above_input_tokens)}</span></td>
            <td className="num" style={{ paddingRight: 0 }}>${r.usd} <span className="faint">per {r.per === "million tokens" ? "1M" : r.per}</span></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function History({ provider, model }: { provider: string; model: string }) {
  const list = useQuery(priceHistoryQuery(provider, model));
  if (list.isError) return <ErrorState of={list} what="The history" tight />;
  if (!list.data) return <SkeletonRows rows={2} widths={["60%"]} />;
  return (
    <ol className="stackv" style={{ gap: 8, listStyle: "none", padding: 0, margin: 0 }}>
      {list.data.items.map((p) => (
        <li key={`${p.origin} ${p.own_price_id ?? p.version} ${p.effective_from}`}>
          <div className="row" style={{ gap: 6 }}><Chip plain tone={p.own_price_id ? "info" : "none"}>{ORIGIN_WORDS[p.origin] ?? p.origin}</Chip><span className="dim"><Day at={p.effective_from} /> {p.effective_to ? <>to <Day at={p.effective_to} /></> : "onwards"}</span><span className="push faint">version {p.version}</span></div>
          <div className="dim">{ratesInShort(p.rates)}</div>
        </li>
      ))}
    </ol>
  );
}

export function PriceInspector({ price, onClose, onOwn }: { price: PriceView; onClose: () => void; onOwn: () => void }) {
  const may = useMay("price:write");
  const link = /^https:\/\/\S+$/.test(price.source);
  return (
    <Inspector label={`Price of ${price.model}`} title={<span className="mono">{price.model}</span>} subtitle={<><ProviderName id={price.provider} />, {price.mode.replaceAll("_", " ")}</>} onClose={onClose}>
      {price.agree === false && <Notice box>Two public lists contradict each other about this model. Compare with your bill, and enter your own price if you know better.</Notice>}
      <Section title="What it costs" beside={<Button small onPress={onOwn} disabledReason={may}>Set an own price</Button>}><RateTable rates={price.rates} /></Section>
      <Section title="Where this is from">
        <Properties items={[
          ["Origin", ORIGIN_WORDS[price.origin] ?? price.origin],
          ["Source", link ? <a key="s" href={price.source} target="_blank" rel="noreferrer" className="clip" style={{ display: "block", maxWidth: 220 }}>{price.source.replace("https://", "")}</a> : price.source],
          ["Version", price.version], ["Holds since", <Day key="d" at={price.effective_from} />],
          ...(price.own_price_id ? [] : [["Second list", price.agree === null ? "does not have it" : price.agree ? "says the same" : "says otherwise"] as [string, string]]),
          ["Reads at most", price.max_input_tokens === null ? "not known" : `${formatCount(price.max_input_tokens)} tokens`],
          ["Writes at most", price.max_output_tokens === null ? "not known" : `${formatCount(price.max_output_tokens)} tokens`],
        ]} />
      </Section>
      <Section title="History"><History provider={price.provider} model={price.model} /></Section>
    </Inspector>
  );
}
