import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, fieldErrors, take, type RotationView } from "@/api";
import { SideForm, useForm } from "@/components";
import { TextField, toast } from "@/ui";
import { useProviderName } from "./queries";

const CONSOLES: Record<string, string> = {
  openai: "https://platform.openai.com/api-keys", anthropic: "https://platform.claude.com/settings/keys", google: "https://aistudio.google.com/apikey",
  openrouter: "https://openrouter.ai/settings/keys", mistral: "https://console.mistral.ai/api-keys", xai: "https://console.x.ai",
};

/** The part of a rotation that only a person can do. */
export function PasteForm({ rotation: r, onClose }: { rotation: RotationView; onClose: () => void }) {
  const client = useQueryClient();
  const nameOf = useProviderName();
  const form = useForm({ api_key: "", provider_key_id: "" });
  const run = useMutation({
    mutationFn: () => take(api.POST("/rotations/{id}/key", { params: { path: { id: r.id } }, body: { api_key: form.values.api_key.trim(), provider_key_id: form.values.provider_key_id.trim() || null } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["credentials"] });
      toast({ title: `Stored the new key of ${nameOf(r.provider)} / ${r.credential_name}`, detail: "It is tested before it is used" });
      onClose();
    },
  });
  const e = fieldErrors(run.error);
  const console = CONSOLES[r.provider];
  return (
    <SideForm title={`New key for ${nameOf(r.provider)} / ${r.credential_name}`} submit="Store and test" onSubmit={() => run.mutate()} onClose={onClose} pending={run.isPending} error={run.error} shown={["api_key", "provider_key_id"]} blocked={!form.values.api_key.trim() && "Paste the key first"}>
      <ol className="guide">
        <li>Open the provider's console{console && <> at <span className="mono">{console.replace("https://", "")}</span></>}, in the same account and project.</li>
        <li>Make a new key with the same rights. Leave v{r.from_version} as it is: calls still use it.</li>
        <li>Paste the new key here. It is sealed at once and never shown again.</li>
      </ol>
      <TextField label="New key" type="password" {...form.bind("api_key")} mono error={e.api_key} autoComplete="new-password" autoFocus required />
      <TextField label="Its id at the provider" {...form.bind("provider_key_id")} mono error={e.provider_key_id} hint="If the console shows one: Reeve can then retire the key by itself later." />
    </SideForm>
  );
}
