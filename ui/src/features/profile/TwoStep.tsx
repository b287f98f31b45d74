import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, fieldErrors, take } from "@/api";
import { Confirm, ErrorState, FormError, SkeletonRows, TimeAgo } from "@/components";
import { plural } from "@/lib/number";
import { Button, Chip, CopyButton, Dialog, Form, Notice, TextField, toast } from "@/ui";
import { grouped, secondFactorQuery } from "./queries";
import { QrCode } from "./QrCode";
import { RecoveryCodes } from "./RecoveryCodes";

/** Below this many a person should make new ones. */
const FEW = 3;

function useChanged() {
  const client = useQueryClient();
  return () => {
    for (const key of ["second-factor", "me", "sessions"]) void client.invalidateQueries({ queryKey: [key] });
  };
}

/** The seed leaves the page with the dialog: it is in no query and in no cache. */
function Enrol({ secret, uri, onClose, onDone }: { secret: string; uri: string; onClose: () => void; onDone: (codes: string[]) => void }) {
  const [code, setCode] = useState("");
  const changed = useChanged();
  const confirm = useMutation({
    mutationFn: () => take(api.POST("/auth/second-factor/confirm", { body: { code } })),
    onSuccess: (made) => {
      changed();
      onDone(made.recovery_codes);
    },
    gcTime: 0,
  });
  const e = fieldErrors(confirm.error);
  const digits = code.replace(/\s/g, "");
  return (
    <Dialog title="Set up two-step sign-in" onClose={onClose} sticky>
      <Form onSubmit={() => !confirm.isPending && confirm.mutate()}>
        <div className="content">
          <p className="dim">Read the picture with an authenticator app on your phone, then type the six digits that it shows.</p>
          <div className="enrol">
            <QrCode text={uri} label="QR code for an authenticator app" />
            <div className="stackv">
              <div><span className="dim">No camera? Type this into the app:</span><div className="row"><code className="mono seed">{grouped(secret)}</code><CopyButton value={secret} what="setup key" /></div></div>
              <TextField label="Code" value={code} onChange={setCode} mono inputMode="numeric" autoComplete="one-time-code" autoFocus required error={e.code} hint="Six digits, new every half minute" />
            </div>
          </div>
          {!!confirm.error && !e.code && <FormError error={confirm.error} />}
          <p className="dim">Your other sessions end, for they were opened with the password alone.</p>
        </div>
        <footer>
          <Button onPress={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" pending={confirm.isPending} disabledReason={!/^\d{6}$/.test(digits) && "Type the six digits first"}>Turn on</Button>
        </footer>
      </Form>
    </Dialog>
  );
}

function On({ since, left, onCodes }: { since: string; left: number; onCodes: (codes: string[]) => void }) {
  const [asking, setAsking] = useState<"off" | "codes" | null>(null);
  const changed = useChanged();
  const close = () => setAsking(null);
  const off = useMutation({
    mutationFn: () => take(api.DELETE("/auth/second-factor")),
    onSuccess: () => {
      changed();
      close();
      toast({ title: "Turned off two-step sign-in" });
    },
  });
  const codes = useMutation({
    mutationFn: () => take(api.POST("/auth/second-factor/recovery-codes")),
    onSuccess: (made) => {
      changed();
      close();
      onCodes(made.recovery_codes);
    },
    gcTime: 0,
  });
  return (
    <div className="stackv">
      <div className="row"><Chip tone="ok">On</Chip><span className="dim">since <TimeAgo at={since} /></span><span className="dim">{left === 0 ? "No recovery codes left" : `${plural(left, "recovery code")} left`}</span></div>
      {left < FEW && <Notice tone="warn" box>{left === 0 ? "Without your phone you could not sign in. Make new recovery codes." : "Few recovery codes are left. Make new ones before they run out."}</Notice>}
      <div className="row">
        <Button onPress={() => setAsking("codes")}>New recovery codes</Button>
        <Button onPress={() => setAsking("off")}>Turn off</Button>
      </div>
      {asking === "codes" && <Confirm title="Make new recovery codes?" act="Make new codes" kind="primary" pending={codes.isPending} error={codes.error} onConfirm={() => codes.mutate()} onClose={close}>The ones that you have now stop working.</Confirm>}
      {asking === "off" && <Confirm title="Turn off two-step sign-in?" act="Turn off" pending={off.isPending} error={off.error} onConfirm={() => off.mutate()} onClose={close}>Whoever knows your password can then sign in as you. Your recovery codes stop working.</Confirm>}
    </div>
  );
}

/** A code of an authenticator app at every sign-in, and the codes for a day without the phone. */
export function TwoStep({ hasPassword }: { hasPassword: boolean }) {
  const status = useQuery(secondFactorQuery);
  const [codes, setCodes] = useState<string[] | null>(null);
  const begin = useMutation({ mutationFn: () => take(api.POST("/auth/second-factor")), gcTime: 0 });
  const made = begin.data;
  return (
    <section className="card">
      <header><h2>Two-step sign-in</h2><span className="dim">Beside the password, a code of an app on your phone.</span></header>
      <div className="body">
        {status.isError ? <ErrorState of={status} what="Two-step sign-in" tight /> : !status.data ? <SkeletonRows rows={2} /> : status.data.since !== null ? (
          <On since={status.data.since} left={status.data.recovery_codes_left} onCodes={setCodes} />
        ) : (
          <div className="stackv">
            <div className="row"><Chip>Off</Chip><span className="dim">The password is all that it takes.</span></div>
            {!!begin.error && <FormError error={begin.error} />}
            <div className="row"><Button kind="primary" onPress={() => begin.mutate()} pending={begin.isPending} disabledReason={!hasPassword && "Set a password first: without one nobody is asked for anything"}>Set up</Button></div>
          </div>
        )}
      </div>
      {made && !codes && <Enrol secret={made.secret} uri={made.uri} onClose={() => begin.reset()} onDone={(shown) => { begin.reset(); setCodes(shown); }} />}
      {codes && <RecoveryCodes codes={codes} onClose={() => setCodes(null)} />}
    </section>
  );
}
