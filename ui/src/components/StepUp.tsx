import { useMutation } from "@tanstack/react-query";
import { useState, useSyncExternalStore } from "react";
import { api, errorWords, fieldErrors, stepUp, take } from "@/api";
import { Button, Dialog, Form, TextField } from "@/ui";

function Question() {
  const [password, setPassword] = useState("");
  const give = useMutation({
    mutationFn: () => take(api.POST("/auth/step-up", { body: { password } })),
    onSuccess: () => stepUp.done(true),
    gcTime: 0,
  });
  const wrong = fieldErrors(give.error).password;
  return (
    <Dialog title="Your password, once more" onClose={() => stepUp.done(false)} sticky>
      <Form onSubmit={() => !give.isPending && give.mutate()}>
        <div className="content">
          <p className="dim">This can do lasting harm in the wrong hands, so Reeve makes sure that it is you. It then does not ask again for five minutes.</p>
          <TextField label="Password" type="password" value={password} onChange={setPassword} autoComplete="current-password" autoFocus required error={wrong && "That is not your password."} />
          {!!give.error && !wrong && <p role="alert" style={{ color: "var(--bad-ink)" }}>{errorWords(give.error)}</p>}
        </div>
        <footer>
          <Button onPress={() => stepUp.done(false)}>Cancel</Button>
          <Button kind="primary" type="submit" pending={give.isPending} disabledReason={!password && "Enter your password"}>Go on</Button>
        </footer>
      </Form>
    </Dialog>
  );
}

/** Stands at the root of the app, above whatever asked. */
export function StepUp() {
  return useSyncExternalStore(stepUp.subscribe, stepUp.open) ? <Question /> : null;
}
