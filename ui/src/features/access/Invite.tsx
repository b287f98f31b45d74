import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, fieldErrors, take, type InvitedView } from "@/api";
import { Secret, SideForm, TimeAgo, useForm } from "@/components";
import { platform } from "@/platform";
import { Button, Dialog, Notice, TextField } from "@/ui";
import { ChooseRole, useMayGive } from "./ChooseRole";
import { joinLink } from "./words";

export function InviteForm({ onClose, onDone }: { onClose: () => void; onDone: (made: InvitedView) => void }) {
  const client = useQueryClient();
  const form = useForm({ email: "", role: "developer", days: "7" });
  const v = form.values;
  const mayGive = useMayGive(v.role);
  const days = /^\d{1,2}$/.test(v.days.trim()) ? Number(v.days) : null;
  const send = useMutation({
    mutationFn: () => take(api.POST("/invitations", { body: { email: v.email.trim(), role: v.role, days } })),
    onSuccess: (made) => {
      void client.invalidateQueries({ queryKey: ["people"] });
      onDone(made);
    },
    gcTime: 0,
  });
  const e = fieldErrors(send.error);
  const outside = days === null || days < 1 || days > 30;
  return (
    <SideForm title="Invite somebody" submit="Make the invitation" onSubmit={() => send.mutate()} onClose={onClose} pending={send.isPending} error={send.error} shown={["email", "days"]} blocked={!v.email.trim() ? "Enter an e-mail first" : mayGive ?? (outside && "Between 1 and 30 days")}>
      <TextField label="E-mail" type="email" {...form.bind("email")} error={e.email} hint="They sign in with it. Reeve sends no mail: you hand the invitation over." required autoFocus />
      <ChooseRole value={v.role} onChange={(role) => form.set({ role })} />
      <TextField label="Good for days" {...form.bind("days")} inputMode="numeric" error={e.days ?? (outside && v.days ? "Between 1 and 30." : undefined)} required />
    </SideForm>
  );
}

/** Shown once: whoever holds it comes in with that role. */
export function Invited({ made, onClose }: { made: InvitedView; onClose: () => void }) {
  const link = platform.kind === "web";
  return (
    <Dialog title={`Invitation for ${made.invitation.email}`} onClose={onClose} sticky>
      <div className="content">
        <p className="dim">{link ? "Hand this link over" : "Hand this code over; it is typed behind “I have an invitation” on the sign-in page"}. It brings one person in as {made.invitation.role_name}, once; it ends <TimeAgo at={made.invitation.expires_at} />.</p>
        <Secret value={link ? joinLink(platform.origin, made.token) : made.token} what={link ? "invitation link" : "invitation code"} />
        <Notice tone="warn" box>This is the only time it is shown. If it is lost, invite the same e-mail again.</Notice>
      </div>
      <footer><Button kind="primary" onPress={onClose}>Done</Button></footer>
    </Dialog>
  );
}
