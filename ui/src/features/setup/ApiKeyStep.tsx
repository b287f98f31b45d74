import { useMutation } from "@tanstack/react-query";
import { api, take, type CreatedApiKey, type CredentialView, type TenantView } from "@/api";
import { FormError, Secret, Snippets } from "@/components";
import { useExampleModel } from "@/features/tenants";
import { Button, CopyButton, Notice } from "@/ui";

interface Props {
  tenant: TenantView;
  credential: CredentialView | null;
  made: CreatedApiKey | null;
  onMade: (made: CreatedApiKey) => void;
  url: string | null;
  onDone: () => void;
}
export function ApiKeyStep({ tenant, credential, made, onMade, url, onDone }: Props) {
  const model = useExampleModel();
  const create = useMutation({
    mutationFn: () => take(api.POST("/tenants/{id}/api-keys", { params: { path: { id: tenant.id } }, body: { name: "first-key", expires_at: null } })),
    onSuccess: onMade,
    gcTime: 0,
  });
  return (
    <div className="form">
      <div><h1>An API key for {tenant.name}</h1><p className="lede" style={{ marginBottom: 0 }}>Programs send it with each call, so that Reeve knows whose call it is.</p></div>
      {!made ? (
        <>
          {!!create.error && <FormError error={create.error} />}
          <div className="actions"><Button kind="primary" onPress={() => create.mutate()} pending={create.isPending}>Create the key</Button><Button kind="ghost" onPress={onDone}>Skip for now</Button></div>
        </>
      ) : (
        <>
          <Secret value={made.secret} what="API key" />
          <p className="dim">This is the only time the key is shown. Reeve keeps a fingerprint, not the key.</p>
          {url && <div className="row dim">Gateway address <span className="mono strong">{url}</span><CopyButton value={url} what="gateway address" /></div>}
          {!credential && <Notice tone="info" icon="info" box>Calls are refused until a provider key is stored under Keys.</Notice>}
          <Snippets url={url} secret={made.secret} model={model} />
          <div className="actions"><Button kind="primary" onPress={onDone}>Open the overview</Button></div>
        </>
      )}
    </div>
  );
}
