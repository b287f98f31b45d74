import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { api, ApiError, errorWords, session, take } from "@/api";
import { useForm, useSetup } from "@/components";
import { Button, Form, Mark, Notice, TextField } from "@/ui";

export interface SignInSearch {
  next?: string;
  /** Nobody used the page for so long that it was signed out. */
  idle?: true;
}
const route = getRouteApi("/sign-in");
/** Only a path of this app: never another origin. */
export const safeNext = (next: string | undefined): string => (next && /^\/(?![/\\])/.test(next) && !next.startsWith("/sign-in") ? next : "/");

const wantsCode = (error: unknown): boolean => error instanceof ApiError && error.code === "second_factor_required";

export function SignInPage() {
  const { next, idle }: SignInSearch = route.useSearch();
  const router = useRouter();
  const client = useQueryClient();
  const setup = useSetup();
  const form = useForm({ email: "", password: "", code: "" });
  const [asked, setAsked] = useState(false);
  const { email, password, code } = form.values;
  const login = useMutation({
    mutationFn: () => take(api.POST("/auth/login", { body: { email, password, code: asked ? code : null } })),
    onSuccess: (view) => {
      session.open(view);
      client.removeQueries({ predicate: (q) => q.queryKey[0] !== "setup" });
      router.history.push(safeNext(next));
    },
    onError: (error) => {
      if (wantsCode(error)) setAsked(true);
      else form.set({ code: "" });
    },
    gcTime: 0,
  });
  const back = () => {
    setAsked(false);
    form.set({ password: "", code: "" });
    login.reset();
  };
  const refused = wantsCode(login.error) ? null : login.error;
  return (
    <main className="full">
      <title>Sign in – Reeve</title>
      <div className="brand"><Mark size={30} />Reeve</div>
      <div className="panel small">
        <Form className="form" key={asked ? "code" : "password"} onSubmit={() => !login.isPending && login.mutate()}>
          <div><h1>{asked ? "Enter your code" : "Sign in"}</h1><p className="lede" style={{ marginBottom: 0 }}>{asked ? email : setup.workspace_name}</p></div>
          {asked ? (
            <TextField label="Code" {...form.bind("code")} mono autoComplete="one-time-code" autoFocus required hint="Six digits of your authenticator app, or one of your recovery codes" />
          ) : (
            <>
              <TextField label="E-mail" type="email" {...form.bind("email")} autoComplete="username" autoFocus required />
              <TextField label="Password" type="password" {...form.bind("password")} autoComplete="current-password" required />
            </>
          )}
          {idle && !asked && !refused && <Notice tone="info" icon="info" box>You were signed out, because nobody used this page for a while.</Notice>}
          {refused && <Notice tone="bad" box>{errorWords(refused)}</Notice>}
          <div className="actions">
            <Button type="submit" kind="primary" pending={login.isPending} disabledReason={asked ? !code && "Enter a code" : !(email && password) && "Enter your e-mail and password"}>Sign in</Button>
            {asked ? <Button kind="ghost" onPress={back}>Back</Button> : <Link className="btn ghost" to="/join">I have an invitation</Link>}
          </div>
        </Form>
      </div>
    </main>
  );
}
