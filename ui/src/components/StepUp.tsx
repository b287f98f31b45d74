import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, useSyncExternalStore } from "react";
import { api, errorWords, fieldErrors, stepUp, take } from "@/api";
import { Button, Dialog, Form, TextField } from "@/ui";
import { meQuery } from "./workspace";

function Question() {
  const [typed, setTyped] = useState("");
  const client = useQueryClient();
  const code = useQuery(meQuery).data?.user.second_factor ?? false;
  const give = useMutation({
    mutationFn: () => take(api.POST("/auth/step-up", { body: code ? { code: typed } : { password: typed } })),
    onSuccess: () => stepUp.done(true),
    onError: (error) => {
      // It was turned on or off elsewhere: the other one is asked for.
      if (fieldErrors(error)[code ? "password" : "code"]) void client.invalidateQueries({ queryKey: meQuery.queryKey });
    },
    gcTime: 0,
  });
  const wrong = fieldErrors(give.error)[code ? "code" : "password"];
  return (
    <Dialog title={code ? "A code, once more" : "Your password, once more"} onClose={() => stepUp.done(false)} sticky>
      <Form onSubmit={() => !give.isPending && give.mutate()}>
        <div className="content">
          <p className="dim">This can do lasting harm in the wrong hands, so Reeve makes sure that it is you. It then does not ask again for five minutes.</p>
          {code
            ? <TextField label="Code" value={typed} onChange={setTyped} mono autoComplete="one-time-code" autoFocus required hint="Six digits of your authenticator app, or one of your recovery codes" error={wrong && "That code is wrong, or it was used before. Wait for the next one."} />
            : <TextField label="Password" type="password" value={typed} onChange={setTyped} autoComplete="current-password" autoFocus required error={wrong && "That is not your password."} />}
          {!!give.error && !wrong && <p role="alert" style={{ color: "var(--bad-ink)" }}>{errorWords(give.error)}</p>}
        </div>
        <footer>
          <Button onPress={() => stepUp.done(false)}>Cancel</Button>
          <Button kind="primary" type="submit" pending={give.isPending} disabledReason={!typed && (code ? "Enter a code" : "Enter your password")}>Go on</Button>
        </footer>
      </Form>
    </Dialog>
  );
}

/** Stands at the root of the app, above whatever asked. */
export function StepUp() {
  return useSyncExternalStore(stepUp.subscribe, stepUp.open) ? <Question /> : null;
}
