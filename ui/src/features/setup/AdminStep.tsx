import { useMutation } from "@tanstack/react-query";
import { api, fieldErrors, session, take, type SetupView } from "@/api";
import { FormError, useForm } from "@/components";
import { allZones, localZone } from "@/lib/time";
import { Button, ComboBox, Form, TextField } from "@/ui";

const MIN = 15;
const SHOWN = ["workspace_name", "time_zone", "name", "email", "password"];

export function AdminStep({ setup, onDone }: { setup: SetupView; onDone: () => Promise<void> }) {
  const form = useForm({ workspace_name: setup.workspace_name, time_zone: localZone(), name: "", email: "", password: "" });
  const v = form.values;
  const optional = setup.host === "window";
  const save = useMutation({
    mutationFn: () => take(api.POST("/auth/register", { body: { ...v, workspace_name: v.workspace_name.trim(), name: v.name.trim(), email: v.email.trim(), password: v.password === "" ? null : v.password } })),
    onSuccess: async (view) => {
      session.open(view);
      await onDone();
    },
    gcTime: 0,
  });
  const e = fieldErrors(save.error);
  const short = v.password !== "" && v.password.length < MIN;
  const blocked = !v.workspace_name.trim() ? "Name the workspace first" : !v.name.trim() || !v.email.trim() ? "Enter your name and e-mail first" : short || (!optional && v.password === "") ? `The password needs at least ${MIN} characters` : null;
  return (
    <Form className="form" onSubmit={() => !save.isPending && save.mutate()}>
      <div><h1>Set up Reeve</h1><p className="lede" style={{ marginBottom: 0 }}>Everything stays on this computer. You are the first administrator.</p></div>
      <div className="two">
        <TextField label="Workspace name" {...form.bind("workspace_name")} error={e.workspace_name} hint="Your company or team" autoFocus required />
        <ComboBox label="Time zone" value={v.time_zone} onChange={(time_zone) => form.set({ time_zone })} options={allZones().map((z) => ({ id: z, label: z }))} error={e.time_zone} hint="When a day and a month begin" />
      </div>
      <div className="two">
        <TextField label="Your name" {...form.bind("name")} error={e.name} autoComplete="name" required />
        <TextField label="E-mail" type="email" {...form.bind("email")} error={e.email} autoComplete="email" required />
      </div>
      <TextField label="Password" type="password" {...form.bind("password")} autoComplete="new-password" required={!optional}
        error={short && v.password.length > 4 ? `${MIN - v.password.length} more characters.` : e.password}
        hint={optional ? `May be left empty: this computer's account is enough. Otherwise at least ${MIN} characters; a few words work well.` : `At least ${MIN} characters; a few words work well.`} />
      {!!save.error && !Object.keys(e).some((f) => SHOWN.includes(f)) && <FormError error={save.error} shown={SHOWN} />}
      <div className="actions"><Button type="submit" kind="primary" pending={save.isPending} disabledReason={blocked}>Continue</Button></div>
    </Form>
  );
}
