import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api, take, type WitnessView } from "@/api";
import { Confirm, ErrorState, FormError, Id, SkeletonRows, TimeAgo, useMay } from "@/components";
import { Button, Chip, Empty, Notice, toast } from "@/ui";
import { CheckpointDialog, PasteForm } from "./Carry";
import { LEDGER_WORDS, signedWords, stateOf, witnessesQuery } from "./queries";
import { WitnessForm } from "./WitnessForm";

function Remove({ witness, onClose }: { witness: WitnessView; onClose: () => void }) {
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => take(api.DELETE("/audit/witnesses/{id}", { params: { path: { id: witness.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["audit"] });
      void client.invalidateQueries({ queryKey: ["overview"] });
      onClose();
      toast({ title: `Removed ${witness.name}` });
    },
  });
  return (
    <Confirm title={`Remove ${witness.name}?`} act="Remove" pending={remove.isPending} error={remove.error} onConfirm={() => remove.mutate()} onClose={onClose}>
      What it signed no longer counts for the verdict, and the trail keeps an entry that it was removed.{witness.contradiction && " It holds another ledger than this one: keep a copy of the whole folder before you remove it."}
    </Confirm>
  );
}

function Witness({ witness: w, may, onRemove }: { witness: WitnessView; may: string | null; onRemove: () => void }) {
  const client = useQueryClient();
  const ask = useMutation({
    mutationFn: () => take(api.POST("/audit/witnesses/{id}/try", { params: { path: { id: w.id } } })),
    onSuccess: (now) => {
      void client.invalidateQueries({ queryKey: ["audit"] });
      if (!now.tried?.problem) toast({ title: `${w.name} signed` });
    },
  });
  const [tone, word] = stateOf(w);
  return (
    <li>
      <div className="row"><span className="row grow"><b className="strong clip">{w.name}</b><Chip tone={tone}>{word}</Chip></span>
        <span className="row">
          {w.url && <Button onPress={() => ask.mutate()} pending={ask.isPending} disabledReason={may}>Ask now</Button>}
          <Button onPress={onRemove} disabledReason={may}>Remove</Button>
        </span>
      </div>
      <dl className="kv wide">
        {w.streams.map((s) => (
          <div key={s.stream} style={{ display: "contents" }}>
            <dt>{LEDGER_WORDS[s.stream]}</dt>
            <dd>{s.signed > 0 ? "Signed " : ""}{signedWords(s)}{s.signed_at && <span className="dim">, <TimeAgo at={s.signed_at} /></span>}</dd>
          </div>
        ))}
        <dt>Asked</dt>
        <dd>{w.url ? <span className="clip" title={w.url}>at {w.url}{w.tried && <span className="dim">, <TimeAgo at={w.tried.at} /></span>}</span> : "by hand: checkpoints are carried to it"}</dd>
        <dt>Key</dt><dd><Id value={w.vkey} what="witness key" full /></dd>
      </dl>
      {w.contradiction ? <Notice tone="bad" box>{w.contradiction}</Notice> : w.tried?.problem && <Notice tone="warn" box>{w.tried.problem}</Notice>}
      {!!ask.error && <FormError error={ask.error} />}
    </li>
  );
}

/** Parties outside that sign how long the ledger is: what proves to others that nothing was cut or rewritten here. */
export function WitnessesCard() {
  const mayRead = useMay("audit:read");
  const may = useMay("settings:write");
  const query = useQuery({ ...witnessesQuery, enabled: mayRead === null });
  const [open, setOpen] = useState<"add" | "carry" | "paste" | null>(null);
  const [gone, setGone] = useState<string | null>(null);
  const card = useRef<HTMLElement>(null);
  const here = query.isSuccess && window.location.hash === "#witnesses";
  useEffect(() => {
    if (here) card.current?.scrollIntoView({ block: "nearest" });
  }, [here]);
  if (mayRead !== null) return null;
  const items = query.data?.items;
  const removing = items?.find((w) => w.id === gone);
  const close = () => setOpen(null);
  const add = <Button kind="primary" onPress={() => setOpen("add")} disabledReason={may}>Add a witness</Button>;
  return (
    <section className="card" id="witnesses" ref={card}>
      <header><h2>Witnesses</h2><span className="dim">Outside parties that sign how long your ledger is, so that nobody here can shorten or rewrite it unseen.</span></header>
      <div className="body">
        {query.isError ? <ErrorState of={query} what="The witnesses" tight /> : !items ? <SkeletonRows rows={3} /> : items.length === 0 ? (
          <Empty title="Nobody outside signs your ledger yet" tight action={add}>An auditor, a customer or a public witness keeps a signed note of how many entries there were, and when. Whoever later cuts or rewrites the ledger contradicts that note.</Empty>
        ) : (
          <>
            <ul className="claims" aria-label="Witnesses">{items.map((w) => <Witness key={w.id} witness={w} may={may} onRemove={() => setGone(w.id)} />)}</ul>
            <div className="row" style={{ marginTop: 12 }}>
              {add}
              <Button onPress={() => setOpen("carry")}>Copy a checkpoint</Button>
              <Button onPress={() => setOpen("paste")} disabledReason={may}>Paste a signed checkpoint</Button>
            </div>
          </>
        )}
      </div>
      {open === "add" && may === null && <WitnessForm onClose={close} />}
      {open === "carry" && <CheckpointDialog onClose={close} />}
      {open === "paste" && may === null && <PasteForm onClose={close} />}
      {removing && <Remove witness={removing} onClose={() => setGone(null)} />}
    </section>
  );
}
