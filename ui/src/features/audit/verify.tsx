import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";
import { errorWords } from "@/api";
import { Id, Properties, TimeAgo, useNow, useZone } from "@/components";
import { absolute, relative } from "@/lib/time";
import { formatCount, formatDuration, plural, shortHash } from "@/lib/number";
import { Button, Dialog, Icon, Notice, Progress } from "@/ui";
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
  const health = useQuery(healthQuery);
  const verify = useVerify();
  const zone = useZone();
  const now = useNow();
  const state = sealOf(verify.checking, health.data, verify.data);
  const when = health.data?.last_verified_at;
  return (
    <>
      <button type="button" className={`seal ${CLASS[state]}`} onClick={openVerify} aria-haspopup="dialog">
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
  return (
    <div className="content" role="status">
      <div>Reading {entries === undefined ? "every entry" : `all ${plural(entries, "entry", "entries")}`} from the start and rebuilding the tree. <span className="faint"><Elapsed since={since} /></span></div>
      <Progress label="Verifying the ledger" />
      <div className="row end"><Button onPress={cancel}>Cancel</Button></div>
    </div>
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
              <p>{v.statement}</p>
              {v.first_bad && <Notice tone="bad" box>First bad entry: {formatCount(v.first_bad.sequence)}. {v.first_bad.reason}</Notice>}
              <p className="dim"><b className="strong">Not proven by this check: </b>{v.not_proven}</p>
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
