import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, errorWords, take, type BodiesView, type BodyView } from "@/api";
import { Confirm, TimeAgo, useMay } from "@/components";
import { formatBytes, formatCount, plural } from "@/lib/number";
import { Button, Code, Notice, toast } from "@/ui";
import { requestQuery } from "./queries";

/** JSON with line breaks; anything else, and what was cut, as it is. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
function Body({ title, of: b }: { title: string; of: BodyView }) {
  const notes = [formatBytes(b.bytes), b.events != null && `put together from ${plural(b.events, "event")}`, b.cut && "cut"].filter(Boolean).join(", ");
  return (
    <div className="stackv" style={{ gap: 5, margin: "10px 0" }}>
      <p className="row"><span className="strong">{title}</span><span className="faint">{notes}</span></p>
      {b.headers.length > 0 && <p className="faint mono">{b.headers.map((h) => <span key={h.name} style={{ display: "block", overflowWrap: "anywhere" }}>{h.name}: {h.value}</span>)}</p>}
      <Code what={`captured ${title.toLowerCase()}`} wrapped>{pretty(b.text)}</Code>
    </div>
  );
}

const WORDS: Record<string, string> = { email: "e-mail", phone: "telephone number", card: "card", iban: "bank account", api_key: "API key", bearer: "bearer token", own: "match of own patterns", data: "piece of data" };

/** Captured bodies, behind a press of their own: every view is written down. */
export function Bodies({ id, tenant, until }: { id: string; tenant: string | null; until: string }) {
  const client = useQueryClient();
  const mayRead = useMay("capture:read", tenant);
  const mayDelete = useMay("capture:write", tenant);
  const [asking, setAsking] = useState(false);
  const path = { params: { path: { id } } };
  const view = useMutation({ mutationFn: (): Promise<BodiesView> => take(api.GET("/requests/{id}/bodies", path)) });
  const remove = useMutation({
    mutationFn: async () => { await take(api.DELETE("/requests/{id}/bodies", path)); },
    onSuccess: () => {
      view.reset();
      void client.invalidateQueries({ queryKey: requestQuery(id).queryKey });
      toast({ title: "Deleted the captured bodies of this request" });
      setAsking(false);
    },
  });
  return (
    <>
      <p className="dim">Kept redacted and sealed, deleted <TimeAgo at={until} />.</p>
      {view.data ? (
        <>
          {view.data.redacted.length > 0 && <p className="dim">Left out: {view.data.redacted.map((r) => `${formatCount(r.count)} × ${WORDS[r.found] ?? r.found}`).join(", ")}.</p>}
          <Body title="Request" of={view.data.request} /><Body title="Answer" of={view.data.response} />
        </>
      ) : view.error ? <Notice tone="bad" box>{errorWords(view.error)}</Notice> : null}
      <div className="row" style={{ margin: "8px 0" }}>
        {view.data ? <Button small onPress={() => view.reset()}>Hide</Button> : <Button small pending={view.isPending} onPress={() => view.mutate()} disabledReason={mayRead}>Show the bodies</Button>}
        <Button small kind="danger" onPress={() => setAsking(true)} disabledReason={mayDelete}>Delete</Button>
        {!view.data && <span className="faint">Your view is written to the audit trail.</span>}
      </div>
      {asking && <Confirm title="Delete the captured bodies of this request?" act="Delete" pending={remove.isPending} error={remove.error} onConfirm={() => remove.mutate()} onClose={() => setAsking(false)}>They are overwritten. The charge and its entries stay.</Confirm>}
    </>
  );
}
