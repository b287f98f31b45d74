import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, fieldErrors, take, type BreakerView } from "@/api";
import { ErrorState, SideForm, SkeletonRows, useForm, useMay } from "@/components";
import { plural } from "@/lib/number";
import { Button, TextField, toast } from "@/ui";
import { draftOf, readBreaker, waitWords } from "./breaker";
import { breakerQuery } from "./queries";

/** In words what happens to a key that fails. */
function Words({ rules: r }: { rules: BreakerView["rules"] }) {
  return (
    <div className="stackv" style={{ padding: "4px 14px 12px", gap: 4 }}>
      <p>After <b>{plural(r.consecutive, "failed call")}{r.consecutive > 1 && " in a row"}</b>, or when <b>{r.error_percent}%</b> of at least {r.min_calls} calls in a minute fail, no call goes to the key.</p>
      <p>After <b>{waitWords(r.cool_down_ms)}</b> one call tries it again. Each time that fails the wait doubles, up to <b>{waitWords(r.max_cool_down_ms)}</b>.</p>
      <p>A key that the provider refuses is left out at once, and tried again every <b>{waitWords(r.refused_cool_down_ms)}</b>.</p>
    </div>
  );
}

function BreakerForm({ view, onClose }: { view: BreakerView; onClose: () => void }) {
  const client = useQueryClient();
  const form = useForm(draftOf(view.rules));
  const { rules, wrong } = readBreaker(form.values);
  const save = useMutation({
    mutationFn: () => take(api.PUT("/routing/breaker", { body: rules })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["routes"] });
      toast({ title: "Changed when a key is left out" });
      onClose();
    },
  });
  const e = { ...fieldErrors(save.error), ...wrong };
  const usual = draftOf(view.defaults);
  const same = JSON.stringify(form.values) === JSON.stringify(usual);
  return (
    <SideForm title="When a key is left out" submit="Save" onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={Object.keys(usual)} blocked={Object.keys(wrong).length > 0 && "Correct the marked fields first"}>
      <p className="dim">Holds for every provider key of the workspace, from now on. Meanwhile calls go to another key or to a route’s next target; where there is none they are refused, and nothing is spent.</p>
      <TextField label="Failed calls in a row" {...form.bind("consecutive")} error={e.consecutive} inputMode="numeric" hint="A call fails when the provider answers that it cannot, cannot be reached, or does not answer in time. What is wrong with the call itself does not count." />
      <div className="two">
        <TextField label="Or failed in a minute, percent" {...form.bind("error_percent")} error={e.error_percent} inputMode="numeric" />
        <TextField label="Calls that minute must have" {...form.bind("min_calls")} error={e.min_calls} inputMode="numeric" hint="Of few calls a share says little." />
      </div>
      <div className="two">
        <TextField label="First wait, seconds" {...form.bind("cool_down_ms")} error={e.cool_down_ms} inputMode="decimal" hint="A fifth more or less, so that not all try at once." />
        <TextField label="Longest wait, seconds" {...form.bind("max_cool_down_ms")} error={e.max_cool_down_ms} inputMode="decimal" hint="It doubles until then." />
      </div>
      <TextField label="Wait after a refused key, seconds" {...form.bind("refused_cool_down_ms")} error={e.refused_cool_down_ms} inputMode="decimal" hint="It takes a person to renew such a key. “Test key” on the Keys page lets calls through again at once." />
      <div className="row"><Button onPress={() => form.set(usual)} disabledReason={same && "These are the defaults"}>Use the defaults</Button></div>
    </SideForm>
  );
}

/** When calls are kept from a key that does not serve, and for how long. */
export function BreakerCard({ open, onOpen, onClose }: { open: boolean; onOpen: () => void; onClose: () => void }) {
  const breaker = useQuery(breakerQuery);
  const may = useMay("route:write");
  return (
    <section className="card">
      <header><h2>When a key is left out</h2><span className="push"><Button small label="Change when a key is left out" onPress={onOpen} disabledReason={may}>Change</Button></span></header>
      {breaker.isPending ? <SkeletonRows rows={2} /> : breaker.isError ? <ErrorState of={breaker} what="When a key is left out" tight /> : <Words rules={breaker.data.rules} />}
      {open && !may && breaker.data && <BreakerForm view={breaker.data} onClose={onClose} />}
    </section>
  );
}
