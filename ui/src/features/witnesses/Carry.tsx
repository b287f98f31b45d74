import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { api, fieldErrors, take, type Stream } from "@/api";
import { ErrorState, SideForm, SkeletonRows, useForm } from "@/components";
import { formatCount, plural } from "@/lib/number";
import { saveBlob } from "@/lib/save";
import { Button, Code, CopyButton, Dialog, Notice, Radios, TextField, toast } from "@/ui";
import { checkpointQuery, fileName, LEDGER_WORDS } from "./queries";

/** The checkpoint that is carried out: a few lines of text, nothing secret. */
export function CheckpointDialog({ onClose }: { onClose: () => void }) {
  const [stream, setStream] = useState<Stream>("audit");
  const query = useQuery(checkpointQuery(stream));
  const head = query.data;
  return (
    <Dialog title="A checkpoint to be signed" onClose={onClose} wide>
      <div className="content">
        <p className="dim">Send this text, or the file, to the witness. It says how many entries the ledger has and what they add up to; nothing of what they say is in it.</p>
        <Radios<Stream> label="Of which ledger" columns value={stream} onChange={setStream} options={[{ id: "audit", label: LEDGER_WORDS.audit, note: "What people and Reeve did" }, { id: "usage", label: LEDGER_WORDS.usage, note: "Every call and its cost" }]} />
        {query.isError ? <ErrorState of={query} what="The checkpoint" tight /> : !head ? <SkeletonRows rows={3} /> : head.note ? (
          <>
            <Code what="Checkpoint" wrapped>{head.note}</Code>
            <div className="row">
              <span className="dim">{plural(head.size, "entry", "entries")}</span>
              <Button onPress={() => saveBlob(fileName(stream, head.size), new Blob([head.note], { type: "text/plain" }))}>Save as a file</Button>
            </div>
            <div className="row"><span className="dim" style={{ whiteSpace: "nowrap" }}>Key that signs now</span><span className="mono clip" title={head.signing_key}>{head.signing_key}</span><CopyButton value={head.signing_key} what="signing key" /></div>
          </>
        ) : <Notice tone="warn" box>There is no signed checkpoint while the vault is locked.</Notice>}
      </div>
      <footer><Button onPress={onClose}>Close</Button></footer>
    </Dialog>
  );
}

/** The checkpoint that came back with the witness's line under it. */
export function PasteForm({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const form = useForm({ note: "" });
  const input = useRef<HTMLInputElement>(null);
  const save = useMutation({
    mutationFn: () => take(api.POST("/audit/witnesses/notes", { body: { note: form.values.note } })),
    onSettled: () => void client.invalidateQueries({ queryKey: ["audit"] }),
    onSuccess: ({ items }) => {
      onClose();
      for (const one of items) toast({ title: `${one.name} signed the first ${formatCount(one.entries)} entries`, detail: LEDGER_WORDS[one.stream] });
    },
  });
  const e = fieldErrors(save.error);
  return (
    <SideForm title="A signed checkpoint" submit="Take it" onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={["note"]} blocked={!form.values.note.trim() && "Paste the checkpoint first"}>
      <p className="dim">Paste the whole text as it came back: the three lines, the empty line, and the lines that begin with a dash. Reeve checks that the witness signed it and that it is this ledger.</p>
      <TextField label="The checkpoint" multiline mono {...form.bind("note")} error={e.note} autoFocus required />
      <div className="row">
        <Button onPress={() => input.current?.click()}>Open a file</Button>
        <input ref={input} type="file" className="sr" accept=".txt,text/plain" aria-label="Signed checkpoint file" tabIndex={-1} onChange={(event) => void event.target.files?.[0]?.text().then((note) => form.set({ note }))} />
      </div>
    </SideForm>
  );
}
