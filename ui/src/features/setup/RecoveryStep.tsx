import { useState } from "react";
import { RecoveryCode, recoveryGroups } from "@/components";
import { Button, Form, TextField } from "@/ui";

/** The code is worth nothing to somebody who never wrote it down, so its last group is asked for. */
export function RecoveryStep({ locked, onDone }: { locked: boolean; onDone: () => void }) {
  const [code, setCode] = useState<string | null>(null);
  const [typed, setTyped] = useState("");
  const last = code ? (recoveryGroups(code).at(-1) ?? "") : "";
  const right = typed.trim().toUpperCase() === last.toUpperCase();
  return (
    <Form className="form" onSubmit={onDone}>
      <div><h1>A recovery code</h1><p className="lede" style={{ marginBottom: 0 }}>Provider keys are sealed under a key that this computer keeps: in its keyring, or as KEY_ENCRYPTION_SECRET. If that is ever lost, this code opens them; nothing else does. Keep it on paper or in a password manager.</p></div>
      <RecoveryCode code={code} onMade={setCode} blocked={locked ? "The vault is locked" : null} />
      {code && <TextField label="Type the last group of the code" value={typed} onChange={setTyped} mono autoComplete="off" required error={typed.trim().length >= last.length && !right ? "That is not the last group of the code above." : undefined} />}
      <div className="actions">
        <Button type="submit" kind="primary" disabledReason={!code ? "Show the code first" : !right && "Type the last group to show that you have kept it"}>Continue</Button>
        <Button kind="ghost" onPress={onDone}>Later, under Settings</Button>
      </div>
    </Form>
  );
}
