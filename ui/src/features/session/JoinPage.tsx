import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useLocation, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, ApiError, errorWords, fieldErrors, session, take } from "@/api";
import { TimeAgo, useForm, useSetup } from "@/components";
import { Button, Form, Mark, Notice, TextField } from "@/ui";

const MIN = 15;

/** The token of a link, or of a text somebody pasted: with the address in front of it or alone. */
export const tokenOf = (text: string): string => text.trim().split("#").at(-1) ?? "";

/** An unknown invitation is told in words of its own: whoever holds it cannot see what became of it. */
const words = (error: unknown): string => (error instanceof ApiError && error.code === "not_found" ? "This invitation is unknown, was taken up, or is over. Ask for a new one." : errorWords(error));

function Take({ token, onBack }: { token: string; onBack: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const setup = useSetup();
  const form = useForm({ name: "", password: "" });
  const look = useQuery({ queryKey: ["invitation", token], queryFn: () => take(api.POST("/auth/invitation", { body: { token } })), retry: false, gcTime: 0 });
  const accept = useMutation({
    mutationFn: () => take(api.POST("/auth/invitation/accept", { body: { token, name: form.values.name.trim(), password: form.values.password } })),
    onSuccess: (view) => {
      session.open(view);
      client.removeQueries({ predicate: (q) => q.queryKey[0] !== "setup" });
      void navigate({ to: "/" });
    },
    gcTime: 0,
  });
  const e = fieldErrors(accept.error);
  const { name, password } = form.values;
  if (look.isError) return (
    <div className="form">
      <h1>Invitation</h1>
      <Notice tone="bad" box>{words(look.error)}</Notice>
      <div className="actions"><Button onPress={onBack}>Enter another</Button></div>
    </div>
  );
  if (!look.data) return <div className="form"><h1>Invitation</h1><p className="lede" role="status">Looking at it</p></div>;
  return (
    <Form className="form" onSubmit={() => !accept.isPending && accept.mutate()}>
      <div><h1>Join {setup.workspace_name}</h1><p className="lede" style={{ marginBottom: 0 }}>{look.data.role === "none" ? "For single tenants" : `As ${look.data.role_name}`}, with {look.data.email}. The invitation ends <TimeAgo at={look.data.expires_at} />.</p></div>
      <TextField label="Your name" {...form.bind("name")} error={e.name} autoComplete="name" autoFocus required />
      <TextField label="Password" type="password" {...form.bind("password")} error={e.password} autoComplete="new-password" required hint={`At least ${MIN} characters; a few unrelated words work well.`} />
      {!!accept.error && Object.keys(e).length === 0 && <Notice tone="bad" box>{words(accept.error)}</Notice>}
      <div className="actions"><Button type="submit" kind="primary" pending={accept.isPending} disabledReason={!name.trim() ? "Enter your name first" : password.length < MIN && `The password needs at least ${MIN} characters`}>Join</Button></div>
    </Form>
  );
}

export function JoinPage() {
  const [token, setToken] = useState(tokenOf(useLocation().hash));
  const [typed, setTyped] = useState("");
  return (
    <main className="full">
      <title>Join – Reeve</title>
      <div className="brand"><Mark size={30} />Reeve</div>
      <div className="panel small">
        {token ? <Take token={token} onBack={() => setToken("")} /> : (
          <Form className="form" onSubmit={() => setToken(tokenOf(typed))}>
            <div><h1>Invitation</h1><p className="lede" style={{ marginBottom: 0 }}>Somebody handed you a link or a code.</p></div>
            <TextField label="Link or code" value={typed} onChange={setTyped} mono autoFocus required />
            <div className="actions"><Button type="submit" kind="primary" disabledReason={!tokenOf(typed) && "Paste the link or the code first"}>Continue</Button><Link className="btn ghost" to="/sign-in">Sign in instead</Link></div>
          </Form>
        )}
      </div>
    </main>
  );
}
