import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, take } from "@/api";
import { Confirm, ErrorState, Properties, SkeletonRows, TimeAgo, useMay } from "@/components";
import { Button, Radios, toast } from "@/ui";
import { signingKeyQuery } from "./queries";

const WHY = [
  { id: "routine", label: "As a routine", note: "Tokens of the old key run out within ten minutes. Nobody notices." },
  { id: "compromised", label: "Somebody else may have it", note: "Its tokens end at once. Open pages get new ones by themselves; programs have to renew theirs." },
] as const;

function Replace({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [why, setWhy] = useState<(typeof WHY)[number]["id"]>("routine");
  const run = useMutation({
    mutationFn: () => take(api.POST("/auth/signing-key/replace", { body: { compromised: why === "compromised" } })),
    onSuccess: (now) => {
      client.setQueryData(signingKeyQuery.queryKey, now);
      onClose();
      toast({ title: "Another key signs from now on" });
    },
  });
  return (
    <Confirm title="Replace the signing key?" act="Replace" kind="primary" pending={run.isPending} error={run.error} onConfirm={() => run.mutate()} onClose={onClose}>
      <Radios label="Why" value={why} onChange={setWhy} options={[...WHY]} />
    </Confirm>
  );
}

export function SigningKey() {
  const read = useMay("vault:read");
  const may = useMay("vault:write");
  const key = useQuery({ ...signingKeyQuery, enabled: !read });
  const [asking, setAsking] = useState(false);
  return (
    <section className="card">
      <header><h2>Signing key</h2><span className="dim">It signs the tokens that prove a sign-in, each for ten minutes.</span><span className="push"><Button small onPress={() => setAsking(true)} disabledReason={may}>Replace…</Button></span></header>
      <div className="body">
        {read ? <p className="dim">{read}</p> : key.isError ? <ErrorState of={key} what="The signing key" tight /> : !key.data ? <SkeletonRows rows={1} /> : (
          <Properties items={[["Name", <span key="k" className="mono">{key.data.kid}</span>], ["In use since", <TimeAgo key="s" at={key.data.since} />], ["Replaced by itself", <TimeAgo key="u" at={key.data.until} />]]} />
        )}
      </div>
      {asking && <Replace onClose={() => setAsking(false)} />}
    </section>
  );
}
