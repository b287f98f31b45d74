import { useQuery } from "@tanstack/react-query";
import { ErrorState, Id, SkeletonRows, TimeAgo } from "@/components";
import type { CredentialView } from "@/api";
import { formatCount } from "@/lib/number";
import { Chip, Empty, Sheet } from "@/ui";
import { rotationsQuery, versionsQuery } from "./queries";
import { CAUSE_WORDS, STATE_WORDS, VERSION_WORDS } from "./words";

/** Every rotation there was, the last first. */
export function RotationHistory({ onClose }: { onClose: () => void }) {
  const list = useQuery(rotationsQuery);
  const items = list.data?.items ?? [];
  return (
    <Sheet title="Rotation history" onClose={onClose} wide>
      <div className="content">
        {list.isError ? <ErrorState of={list} what="Rotations" tight /> : list.isPending ? <SkeletonRows rows={5} /> : items.length === 0 ? (
          <Empty title="No key was rotated yet" tight>Each rotation is listed here with how it went. Its steps are in the audit trail.</Empty>
        ) : (
          <div style={{ overflowX: "auto" }}>
            <table className="t">
              <thead><tr><th>Key</th><th>From</th><th>To</th><th>Why</th><th>Begun</th><th>Ended</th><th>State</th><th>Remark</th></tr></thead>
              <tbody>
                {items.map((r) => (
                  <tr key={r.id}>
                    <td className="strong">{r.provider} / {r.credential_name}</td><td className="mono">v{r.from_version}</td><td className="mono">{r.to_version ? `v${r.to_version}` : "–"}</td>
                    <td className="dim">{CAUSE_WORDS[r.cause]}</td><td className="dim"><TimeAgo at={r.started_at} /></td><td className="dim"><TimeAgo at={r.ended_at} never="under way" /></td>
                    <td><Chip tone={r.state === "done" ? "ok" : r.state === "rolled_back" || r.state === "needs_attention" ? "bad" : "info"}>{STATE_WORDS[r.state]}</Chip></td>
                    <td className="dim clip" style={{ maxWidth: 260 }} title={r.error ?? undefined}>{r.error ?? ""}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </div>
    </Sheet>
  );
}

/** The versions of one key, and who still uses older ones. */
export function Versions({ of: c, provider, onClose }: { of: CredentialView; provider: string; onClose: () => void }) {
  const used = useQuery(versionsQuery(c.id));
  return (
    <Sheet title={`Versions of ${provider} / ${c.name}`} onClose={onClose} wide>
      <div className="content">
        {used.isError ? <ErrorState of={used} what="Versions" tight /> : used.isPending ? <SkeletonRows rows={4} /> : (
          <>
            <div style={{ overflowX: "auto" }}>
              <table className="t">
                <thead><tr><th>Version</th><th>State</th><th>Fingerprint</th><th>Ends in</th><th>Id at the provider</th><th className="num">Calls</th><th>Last used</th><th>In use since</th><th>Until</th></tr></thead>
                <tbody>
                  {used.data.versions.map((v) => {
                    const [tone, word] = VERSION_WORDS[v.state];
                    return (
                      <tr key={v.version}>
                        <td className="strong mono">v{v.version}</td><td><Chip tone={tone}>{word}</Chip></td>
                        <td>{v.fingerprint ? <Id value={v.fingerprint} what="fingerprint" /> : <span className="faint">never seen</span>}</td>
                        <td className="mono faint">{v.last4 ? `…${v.last4}` : "–"}</td><td className="mono faint clip" style={{ maxWidth: 150 }} title={v.provider_key_id ?? undefined}>{v.provider_key_id ?? "not known"}</td>
                        <td className="num">{formatCount(v.calls)}</td><td className="dim"><TimeAgo at={v.last_used_at} /></td>
                        <td className="dim"><TimeAgo at={v.promoted_at} never="–" /></td><td className="dim"><TimeAgo at={v.retired_at} never={v.state === "current" ? "now" : "–"} /></td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </div>
            <h3 style={{ margin: "18px 0 4px" }}>Calls that an older key served</h3>
            {used.data.fallbacks.length === 0 ? <p className="dim">None: every call went out with the key in use.</p> : (
              <table className="t">
                <thead><tr><th>Tenant</th><th>API key</th><th>Version</th><th className="num">Calls</th><th>Last</th></tr></thead>
                <tbody>{used.data.fallbacks.map((f) => <tr key={`${f.version}${f.api_key_id}`}><td>{f.tenant_name ?? f.tenant_id}</td><td>{f.api_key_name ?? f.api_key_id}</td><td className="mono">v{f.version}</td><td className="num">{formatCount(f.calls)}</td><td className="dim"><TimeAgo at={f.last_at} /></td></tr>)}</tbody>
              </table>
            )}
          </>
        )}
      </div>
    </Sheet>
  );
}
