import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";
import { api, errorWords, take, type VerifyView } from "@/api";
import { Id, Properties, TimeAgo, useMay, useNow, useZone } from "@/components";
import { absolute, relative } from "@/lib/time";
import { formatCount, formatDuration, plural, shortHash } from "@/lib/number";
import { Button, Chip, Dialog, Icon, Notice, Progress, TextField, toast, type Tone } from "@/ui";
import { healthQuery, verifyQuery } from "./queries";

let panelOpen = false;
const listeners = new Set<() => void>();
const setPanel = (open: boolean) => {
  panelOpen = open;
  for (const listener of listeners) listener();
};
const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
export const openVerify = (): void => setPanel(true);
export const usePanelOpen = (): boolean => useSyncExternalStore(subscribe, () => panelOpen);

export type SealState = "intact" | "checking" | "broken" | "unverified" | "unknown";
/** The newest of the two answers counts: a verification in this window, or what the server last found. */
export function sealOf(checking: boolean, health: { intact: boolean | null } | undefined, verdict: { intact: boolean } | undefined): SealState {
  if (checking) return "checking";
  if (verdict?.intact === false || health?.intact === false) return "broken";
  if (!health && !verdict) return "unknown";
  return verdict?.intact || health?.intact ? "intact" : "unverified";
}
const WORDS: Record<SealState, string> = {
  intact: "Ledger intact", checking: "Checking the ledger", broken: "Ledger broken", unverified: "Not yet verified", unknown: "Ledger state unknown",
};
const CLASS: Record<SealState, string> = { intact: "", checking: "wait", broken: "bad", unverified: "warn", unknown: "warn" };

export function useVerify() {
  const client = useQueryClient();
  const query = useQuery(verifyQuery);
  const run = () =>
    void query.refetch().then(() => client.invalidateQueries({ queryKey: ["audit", "health"] }));
  return { ...query, run, checking: query.fetchStatus === "fetching", cancel: () => void client.cancelQueries({ queryKey: verifyQuery.queryKey }) };
}

export function Seal() {
  const see = useMay("settings:read");
  const health = useQuery({ ...healthQuery, enabled: see === null });
  const verify = useVerify();
  const zone = useZone();
  const now = useNow();
  const state = sealOf(verify.checking, health.data, verify.data);
  const when = health.data?.last_verified_at;
  // Of what somebody may not see there is nothing unknown to warn of.
  if (see !== null) return null;
  return (
    <>
      <button type="button" className={`seal ${CLASS[state]}`} onClick={openVerify} aria-haspopup="dialog" title={health.data?.problem ?? undefined}>
        <Icon name={state === "intact" ? "shield" : state === "broken" ? "shieldBroken" : "shieldEmpty"} size={13} />
        <span role="status">{WORDS[state]}</span>
      </button>
      {health.data && (
        <span title={when ? absolute(when, zone) : undefined}>
          {formatCount(health.data.entries)} {health.data.entries === 1 ? "entry" : "entries"}
          {when ? `, verified ${relative(when, now, zone)}` : ", not verified yet"}
        </span>
      )}
      {health.data?.root && <button type="button" className="mono faint minor" onClick={openVerify} title={health.data.root}>root {shortHash(health.data.root)}</button>}
    </>
  );
}

function Elapsed({ since }: { since: number }) {
  const [ms, setMs] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setMs(Date.now() - since), 250);
    return () => clearInterval(timer);
  }, [since]);
  return <>{(ms / 1000).toFixed(0)} s</>;
}

function Checking({ entries, cancel }: { entries: number | undefined; cancel: () => void }) {
  const [since] = useState(() => Date.now());
  const { data } = useQuery({ ...healthQuery, refetchInterval: 500 });
  const done = data?.checking;
  return (
    <div className="content" role="status">
      <div>Reading {entries === undefined ? "every entry" : `all ${plural(entries, "entry", "entries")}`} from the start and rebuilding the tree. <span className="faint"><Elapsed since={since} /></span></div>
      <Progress label="Verifying the ledger" value={done && done.of > 0 ? Math.floor((done.entries / done.of) * 100) : undefined} />
      {done && <div className="dim">{formatCount(done.entries)} of {plural(done.of, "entry", "entries")}</div>}
      <div className="row end"><Button onPress={cancel}>Cancel</Button></div>
    </div>
  );
}

const CLAIMS: Record<string, string> = { consistent: "Consistent in itself", anchored: "Anchored on this machine", witnessed: "Witnessed by somebody outside" };
const PROOFS: Record<string, { word: string; tone: Tone }> = { proven: { word: "Proven", tone: "ok" }, not_proven: { word: "Not proven", tone: "none" }, refuted: { word: "Refuted", tone: "bad" } };

/** What the check proves, a row each: a word, and what it rests on. */
function Claims({ claims }: { claims: VerifyView["claims"] }) {
  return (
    <ul className="claims" aria-label="What is proven">
      {claims.map((c) => {
        const proof = PROOFS[c.proof] ?? PROOFS.not_proven!;
        return (
          <li key={c.name}>
            <div className="row"><b className="strong">{CLAIMS[c.name] ?? c.name}</b><Chip tone={proof.tone}>{proof.word}</Chip></div>
            <p>{c.words}</p>
          </li>
        );
      })}
    </ul>
  );
}

/** A ledger that was put back on purpose is taken as it is; what was remembered of the other goes into it for good. */
function Accept() {
  const client = useQueryClient();
  const may = useMay("settings:write");
  const [reason, setReason] = useState("");
  const accept = useMutation({
    mutationFn: () => take(api.POST("/audit/anchors/accept", { body: { reason } })),
    onSuccess: () => {
      client.removeQueries({ queryKey: verifyQuery.queryKey });
      void client.invalidateQueries({ queryKey: ["audit"] });
      void client.invalidateQueries({ queryKey: ["overview"] });
      toast({ title: "The ledger is taken as it is", detail: "An entry says so." });
    },
  });
  return (
    <Notice tone="warn" box>
      <div className="content">
        <div>If a backup was put back on purpose, say why, and the ledger is taken as it is. What was remembered of the other becomes an entry. If nobody put one back, keep a copy of the whole folder first.</div>
        <TextField label="Why" value={reason} onChange={setReason} />
        {accept.error && <div>{errorWords(accept.error)}</div>}
        <div className="row end"><Button kind="danger" onPress={() => accept.mutate()} pending={accept.isPending} disabledReason={may ?? (!reason.trim() && "Say why first")}>Take this ledger as it is</Button></div>
      </div>
    </Notice>
  );
}

export function VerifyPanel() {
  const open = usePanelOpen();
  const health = useQuery(healthQuery);
  const verify = useVerify();
  const zone = useZone();
  if (!open) return null;
  const v = verify.data;
  return (
    <Dialog title="Is the ledger intact?" onClose={() => setPanel(false)} wide>
      {verify.checking ? (
        <Checking entries={health.data?.entries} cancel={verify.cancel} />
      ) : (
        <div className="content">
          {verify.error && <Notice tone="bad" box>The check could not be finished. {errorWords(verify.error)}</Notice>}
          {!v && !verify.error && (
            <>
              {health.data?.problem && <Notice tone="bad" box>{health.data.problem}</Notice>}
              <p>
                {health.data?.intact === false ? "The last check found the ledger broken. " : health.data?.last_verified_at ? "The last check found the ledger intact, " : "The ledger has not been checked yet. "}
                {health.data?.intact !== false && health.data?.last_verified_at && <><TimeAgo at={health.data.last_verified_at} />. </>}
                A check reads every entry, rebuilds the tree of hashes and compares its root with the signed checkpoints.
              </p>
              {health.data && <Properties items={[["Entries", formatCount(health.data.entries)], ["Root", <Id key="r" value={health.data.root} what="root hash" full />]]} />}
            </>
          )}
          {v && (
            <div className={`verdict${v.intact ? "" : " broken"}`} role="status">
              <div className="lead"><Icon name={v.intact ? "shield" : "shieldBroken"} size={20} />{v.intact ? "The ledger is intact" : "The ledger is broken"}</div>
              <Claims claims={v.claims} />
              {v.first_bad && <Notice tone="bad" box>First bad entry: {formatCount(v.first_bad.sequence)}. {v.first_bad.reason}</Notice>}
              <p className="dim"><b className="strong">Not proven by any check: </b>that what the entries say is true, and that nothing was left unrecorded.</p>
              {v.anchors.some((a) => a.found === "contradicts") && <Accept />}
              <Properties items={[
                ["Entries", formatCount(v.entries)], ["Checkpoints", `${formatCount(v.checkpoints)} signed`], ["Root", <Id key="r" value={v.root} what="root hash" full />],
                ["Ledger", <span key="o" className="mono">{v.origin}</span>], ["Checked", absolute(v.verified_at, zone)], ["Took", `${formatDuration(v.duration_ms)}${v.duration_ms > 0 ? `, ${formatCount((v.entries / v.duration_ms) * 1000)} entries a second` : ""}`],
              ]} />
            </div>
          )}
          <div className="row end"><Button kind="primary" onPress={verify.run}>{v ? "Verify again" : "Verify ledger"}</Button></div>
        </div>
      )}
    </Dialog>
  );
}
