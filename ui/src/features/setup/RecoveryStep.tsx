import { RecoveryCode } from "@/components";

/** Without a code that somebody has kept, a lost keyring is the end of every stored key: so it comes before the first of them. */
export function RecoveryStep({ locked, onDone }: { locked: boolean; onDone: () => void }) {
  return (
    <div className="stackv">
      <div><h1>A recovery code</h1><p className="lede" style={{ marginBottom: 0 }}>Provider keys are sealed under a key that this computer keeps: in its keyring, or as KEY_ENCRYPTION_SECRET. If that is ever lost, this code opens them; nothing else does.</p></div>
      <RecoveryCode blocked={locked ? "The vault is locked" : null} show="Show the recovery code" act="Continue" onDone={onDone} later={{ label: "Later, under Vault", run: onDone }} />
    </div>
  );
}
