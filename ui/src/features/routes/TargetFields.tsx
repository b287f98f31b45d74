import { useQuery } from "@tanstack/react-query";
import type { CredentialView } from "@/api";
import { providersQuery } from "@/features/keys";
import { Button, Icon, Select, TextField } from "@/ui";
import { ANY, moved, newTarget, type TargetDraft } from "./draft";

interface Props {
  targets: TargetDraft[];
  keys: CredentialView[];
  onChange: (targets: TargetDraft[]) => void;
  errors: Record<string, string>;
}

/** The places a call may go to, in the order they are asked. */
export function TargetFields({ targets, keys, onChange, errors }: Props) {
  const providers = useQuery(providersQuery);
  const live = keys.filter((k) => k.state === "current");
  const known = (providers.data?.items ?? []).filter((p) => live.some((k) => k.provider === p.id) || targets.some((t) => t.provider === p.id));
  const options = (known.length ? known : (providers.data?.items ?? [])).map((p) => ({ id: p.id, label: p.name }));
  const set = (at: number, patch: Partial<TargetDraft>) => onChange(targets.map((t, i) => (i === at ? { ...t, ...patch } : t)));
  return (
    <div className="field">
      <span className="strong" style={{ fontSize: "var(--t-sm)" }}>Targets, in the order they are asked</span>
      <ol className="targets">
        {targets.map((t, i) => {
          const name = `target ${i + 1}`;
          const of = (field: string) => errors[`targets[${i}].${field}`];
          const own = live.filter((k) => k.provider === t.provider);
          return (
            <li key={t.key} aria-label={`Target ${i + 1}`}>
              <div className="row">
                <span className="strong">{i + 1}</span>
                <span className="push row" style={{ gap: 2 }}>
                  <Button kind="icon" label={`Move ${name} up`} onPress={() => onChange(moved(targets, i, -1))} disabledReason={i === 0 && "It is the first"}><Icon name="up" size={13} /></Button>
                  <Button kind="icon" label={`Move ${name} down`} onPress={() => onChange(moved(targets, i, 1))} disabledReason={i === targets.length - 1 && "It is the last"}><Icon name="down" size={13} /></Button>
                  <Button kind="icon" label={`Remove ${name}`} onPress={() => onChange(targets.filter((_, at) => at !== i))} disabledReason={targets.length === 1 && "A route needs one target at least"}><Icon name="close" size={13} /></Button>
                </span>
              </div>
              <div className="two">
                <Select label="Provider" value={t.provider} onChange={(provider) => set(i, { provider, credential_id: ANY })} options={options} error={of("provider")} />
                <TextField label="Model" mono value={t.model} onChange={(model) => set(i, { model })} error={of("model")} placeholder="gpt-4o-mini" required />
              </div>
              <div className="two">
                <Select label="Key" value={t.credential_id} onChange={(credential_id) => set(i, { credential_id })} error={of("credential_id")} options={[{ id: ANY, label: "Any that serves it" }, ...own.map((k) => ({ id: k.id, label: `${k.name}, …${k.last4}` }))]} />
                <TextField label="Weight" value={t.weight} onChange={(weight) => set(i, { weight })} error={of("weight")} inputMode="numeric" />
              </div>
            </li>
          );
        })}
      </ol>
      <span className="hint">Weights share first attempts among targets: 90 and 10 send a tenth to the second. With weight 0 a target only steps in when the others fail.</span>
      {errors.targets && <span className="err">{errors.targets}</span>}
      <div className="row"><Button small onPress={() => onChange([...targets, newTarget("0")])} disabledReason={targets.length >= 16 && "A route has 16 targets at most"}>Add a target</Button></div>
    </div>
  );
}
