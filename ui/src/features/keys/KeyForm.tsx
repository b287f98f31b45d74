import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, fieldErrors, take, type CredentialView } from "@/api";
import { SideForm, useForm } from "@/components";
import { plural } from "@/lib/number";
import { Select, TextField, toast } from "@/ui";
import { providersQuery, useProviderName } from "./queries";

export interface KeyValues {
  provider: string | null;
  name: string;
  base_url: string;
  models: string;
  api_key: string;
}
export const emptyKey: KeyValues = { provider: null, name: "production", base_url: "", models: "", api_key: "" };
export const KEY_FIELDS = ["provider", "name", "base_url", "models", "api_key"];

export const keyBlocked = (v: KeyValues): string | null =>
  !v.provider ? "Choose a provider first" : v.provider === "custom" && !v.base_url.trim() ? "Enter the base URL first" : !v.name.trim() ? "Give it a name first" : !v.api_key.trim() ? "Paste the key first" : null;
export const createCredential = (v: KeyValues) => {
  const models = v.models.split(/[\s,]+/).filter(Boolean);
  return take(api.POST("/credentials", { body: { name: v.name.trim(), provider: v.provider ?? "", base_url: v.base_url.trim() || null, models: models.length ? models : null, api_key: v.api_key.trim() } }));
};

/** The fields alone; first-run set-up uses them too. */
export function KeyFields({ values, set, error }: { values: KeyValues; set: (patch: Partial<KeyValues>) => void; error: unknown }) {
  const providers = useQuery(providersQuery);
  const e = fieldErrors(error);
  const options = (providers.data?.items ?? []).map((p) => ({ id: p.id, label: p.name, note: p.priced_models ? plural(p.priced_models, "priced model") : undefined }));
  const chosen = providers.data?.items.find((p) => p.id === values.provider);
  const custom = values.provider === "custom";
  const aws = values.provider === "aws-bedrock";
  const addressHint = custom ? "An OpenAI-compatible address" : aws ? "The region stands in it. Left empty, us-east-1 is used." : "Left empty, the provider's own address is used.";
  const keyHint = aws ? "A Bedrock API key, or access_key_id:secret_access_key. Sealed on this computer at once and never shown again." : "Sealed on this computer at once and never shown again.";
  const bind = (key: Exclude<keyof KeyValues, "provider">) => ({ value: values[key], onChange: (text: string) => set({ [key]: text }) });
  return (
    <>
      <Select label="Provider" value={values.provider} onChange={(provider) => set({ provider })} options={options} error={e.provider ?? (providers.isError ? "The list of providers could not be loaded." : undefined)} />
      <TextField label="Name" {...bind("name")} error={e.name} hint="To tell several keys of one provider apart" required />
      <TextField label="Base URL" {...bind("base_url")} mono error={e.base_url} placeholder={custom ? "https://models.example.com/v1" : chosen?.base_url} hint={addressHint} required={custom} />
      <TextField label="Models" {...bind("models")} mono error={e.models} hint="Which models go to this key, separated by commas. Left empty, all models of the provider do." />
      <TextField label="Key" type="password" {...bind("api_key")} mono error={e.api_key} hint={keyHint} autoComplete="new-password" required />
    </>
  );
}

export function KeyForm({ onClose, onDone }: { onClose: () => void; onDone: (made: CredentialView) => void }) {
  const client = useQueryClient();
  const form = useForm(emptyKey);
  const nameOf = useProviderName();
  const save = useMutation({
    mutationFn: () => createCredential(form.values),
    onSuccess: (made) => {
      void client.invalidateQueries({ queryKey: ["credentials"] });
      toast({ title: `Stored ${nameOf(made.provider)} / ${made.name}`, detail: `Fingerprint ${made.fingerprint.slice(0, 8)}, ends in ${made.last4}` });
      onClose();
      onDone(made);
    },
  });
  return (
    <SideForm title="Add a provider key" submit="Store key" onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={KEY_FIELDS} blocked={keyBlocked(form.values)}>
      <KeyFields values={form.values} set={form.set} error={save.error} />
    </SideForm>
  );
}
