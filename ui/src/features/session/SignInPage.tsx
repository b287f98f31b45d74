import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { api, errorWords, session, take } from "@/api";
import { useForm, useSetup } from "@/components";
import { Button, Form, Mark, Notice, TextField } from "@/ui";

export interface SignInSearch {
  next?: string;
}
const route = getRouteApi("/sign-in");
/** Only a path of this app: never another origin. */
export const safeNext = (next: string | undefined): string => (next && /^\/(?![/\\])/.test(next) && !next.startsWith("/sign-in") ? next : "/");

export function SignInPage() {
  const { next }: SignInSearch = route.useSearch();
  const router = useRouter();
  const client = useQueryClient();
  const setup = useSetup();
  const form = useForm({ email: "", password: "" });
  const login = useMutation({
    mutationFn: () => take(api.POST("/auth/login", { body: form.values })),
    onSuccess: (view) => {
      session.open(view);
      client.removeQueries({ predicate: (q) => q.queryKey[0] !== "setup" });
      router.history.push(safeNext(next));
    },
    gcTime: 0,
  });
  return (
    <main className="full">
      <title>Sign in – Reeve</title>
      <div className="brand"><Mark size={30} />Reeve</div>
      <div className="panel small">
        <Form className="form" onSubmit={() => !login.isPending && login.mutate()}>
          <div><h1>Sign in</h1><p className="lede" style={{ marginBottom: 0 }}>{setup.workspace_name}</p></div>
          <TextField label="E-mail" type="email" {...form.bind("email")} autoComplete="username" autoFocus required />
          <TextField label="Password" type="password" {...form.bind("password")} autoComplete="current-password" required />
          {login.error && <Notice tone="bad" box>{errorWords(login.error)}</Notice>}
          <div className="actions"><Button type="submit" kind="primary" pending={login.isPending} disabledReason={!(form.values.email && form.values.password) && "Enter your e-mail and password"}>Sign in</Button></div>
        </Form>
      </div>
    </main>
  );
}
