import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, errorWords, take, type CredentialView, type ProbeView } from "@/api";
import { Id, TimeAgo, useNow } from "@/components";
import { plural } from "@/lib/number";
import { Button, Chip, Hint, MenuButton, toast } from "@/ui";
import { Timeline } from "./Timeline";
import { keyState } from "./words";

export type KeyAct = "rotate" | "edit" | "settings" | "versions" | "revoke";
const probeWords = (p: ProbeView): string => (p.ok ? `Works${p.models_count == null ? "" : `, ${plural(p.models_count, "model")} reachable`}` : `${p.message}${p.status === null ? "" : ` (HTTP ${p.status})`}`);

export function KeyRow({ credential: c, provider, vaultLocked, may, act }: { credential: CredentialView; provider: string; vaultLocked: boolean; may: string | null; act: (act: KeyAct) => void }) {
  const client = useQueryClient();
  const now = useNow();
  const name = `${c.name} of ${provider}`;
  const probe = useMutation({
    mutationFn: () => take(api.POST("/credentials/{id}/probe", { params: { path: { id: c.id } } })),
    onSuccess: (p) => {
      void client.invalidateQueries({ queryKey: ["credentials"] });
      toast({ title: `${provider} / ${c.name}: ${p.ok ? "works" : "failed"}`, detail: p.ok ? probeWords(p) : `${c.base_url}: ${probeWords(p)}`, bad: !p.ok });
    },
    onError: (error) => toast({ title: `${provider} / ${c.name} could not be tested`, detail: errorWords(error), bad: true }),
  });
  const gone = c.state === "revoked" && "It is revoked";
  const locked = vaultLocked && "The vault is locked";
  const busy = c.rotation !== null && "A rotation is under way";
  const [tone, word] = keyState(c, now);
  const blocked = !!gone || !!may;
  const admin = c.renews_id !== null;
  return (
    <tr>
      <td className="strong">{provider}</td>
      <td className="mono">{c.name}</td>
      <td>v{c.version}</td>
      <td><Id value={c.fingerprint} what="fingerprint" /></td>
      <td className="mono faint">…{c.last4}</td>
      <td className="dim">{admin ? <Hint text="An admin key makes and deletes keys. No call goes out with it.">admin key</Hint> : c.models.length === 0 ? "all" : <Hint text={c.models.join(", ")}>{plural(c.models.length, "model")}</Hint>}</td>
      <td className="dim"><TimeAgo at={c.last_used_at} /></td>
      <td>{c.breaker_reason ? <Hint text={c.breaker_reason}><Chip tone={tone}>{word}</Chip></Hint> : <Chip tone={tone}>{word}</Chip>}</td>
      <td><Timeline of={c} now={now} /></td>
      <td className="num">
        <span className="row end">
          <Button small label={`Test key ${name}`} onPress={() => probe.mutate()} pending={probe.isPending} disabledReason={gone || locked || may}>Test</Button>
          <Button small label={`Rotate ${name}`} onPress={() => act("rotate")} disabledReason={gone || locked || busy || may}>Rotate</Button>
          <MenuButton kind="icon" label={null} ariaLabel={`More for ${name}`} onAction={(id) => act(id as KeyAct)} items={[
            { id: "versions", label: "Versions and who uses them" },
            { id: "settings", label: "Rotation settings", disabled: blocked },
            { id: "edit", label: "Edit", disabled: blocked },
            { id: "revoke", label: "Revoke", disabled: blocked || admin },
          ]} />
        </span>
      </td>
    </tr>
  );
}
