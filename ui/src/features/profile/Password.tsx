import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, fieldErrors, take } from "@/api";
import { FormError, useForm } from "@/components";
import { Button, Form, TextField, toast } from "@/ui";

export const MIN_PASSWORD = 15;

export function Password({ has }: { has: boolean }) {
  const client = useQueryClient();
  const form = useForm({ current: "", next: "" });
  const save = useMutation({
    mutationFn: () => take(api.PUT("/auth/password", { body: { current_password: has ? form.values.current : null, new_password: form.values.next } })),
    onSuccess: () => {
      form.set({ current: "", next: "" });
      for (const key of ["me", "setup", "sessions"]) void client.invalidateQueries({ queryKey: [key] });
      toast({ title: has ? "Changed your password" : "Set your password" });
    },
  });
  const e = fieldErrors(save.error);
  const short = form.values.next.length < MIN_PASSWORD;
  return (
    <section className="card">
      <header><h2>Your password</h2><span className="dim">{has ? "With a new one your other sessions end." : "None set: this computer's account is enough to open the window."}</span></header>
      <div className="body">
        <Form className="form" onSubmit={() => save.mutate()}>
          <div className="two">
            {has && <TextField label="Current password" type="password" {...form.bind("current")} autoComplete="current-password" error={e.current_password} />}
            <TextField label="New password" type="password" {...form.bind("next")} autoComplete="new-password" hint={`At least ${MIN_PASSWORD} characters`} error={e.new_password} />
          </div>
          {!!save.error && Object.keys(e).length === 0 && <FormError error={save.error} />}
          <div className="row"><Button type="submit" kind="primary" pending={save.isPending} disabledReason={short && `At least ${MIN_PASSWORD} characters`}>{has ? "Change password" : "Set a password"}</Button></div>
        </Form>
      </div>
    </section>
  );
}
