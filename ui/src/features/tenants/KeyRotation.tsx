import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, fieldErrors, take, type ApiKeyView, type CreatedApiKey, type TenantView } from "@/api";
import { Confirm, SideForm, TimeAgo } from "@/components";
import { Notice, Radios, toast } from "@/ui";

/** How long the secret before goes on working, in seconds. */
const OVERLAPS = [
  { id: "0", label: "Not at all", note: "Whatever still uses it is refused at once: for a secret that leaked" },
  { id: "3600", label: "One hour" },
  { id: "86400", label: "One day" },
  { id: "604800", label: "One week" },
];

export function RotateKey({ tenant, apiKey, onClose, onDone }: { tenant: TenantView; apiKey: ApiKeyView; onClose: () => void; onDone: (made: CreatedApiKey) => void }) {
  const client = useQueryClient();
  const [overlap, setOverlap] = useState("86400");
  const previous = apiKey.previous;
  const run = useMutation({
    mutationFn: () => take(api.POST("/tenants/{id}/api-keys/{key_id}/rotate", { params: { path: { id: tenant.id, key_id: apiKey.id } }, body: { overlap_seconds: Number(overlap), force: previous !== null } })),
    onSuccess: (made) => {
      void client.invalidateQueries({ queryKey: ["tenants", "api-keys", tenant.id] });
      onClose();
      onDone(made);
    },
    gcTime: 0,
  });
  return (
    <SideForm title={`Rotate ${apiKey.name}`} submit="Make a new secret" onSubmit={() => run.mutate()} onClose={onClose} pending={run.isPending} error={run.error} shown={["overlap_seconds"]}>
      <p className="dim">The key stays the same one: its budgets, limits and history go on. Its new secret is shown once.</p>
      <Radios label="The present secret goes on working for" value={overlap} onChange={setOverlap} options={OVERLAPS} error={fieldErrors(run.error).overlap_seconds} />
      {apiKey.expires_at && <p className="dim">The key gets as long a life again as it had. The present secret still ends when it was to end.</p>}
      {previous && (
        <Notice tone="warn">
          <b>The secret before still works and ends now.</b> {previous.last_used_at ? <>It was last used <TimeAgo at={previous.last_used_at} />: whatever uses it is refused from then on.</> : "It was not used since it was replaced."}
        </Notice>
      )}
    </SideForm>
  );
}

export function EndPrevious({ tenant, apiKey, onClose }: { tenant: TenantView; apiKey: ApiKeyView; onClose: () => void }) {
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: () => take(api.DELETE("/tenants/{id}/api-keys/{key_id}/previous", { params: { path: { id: tenant.id, key_id: apiKey.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["tenants", "api-keys", tenant.id] });
      toast({ title: `Ended the old secret of ${apiKey.name}` });
      onClose();
    },
  });
  const used = apiKey.previous?.last_used_at;
  return (
    <Confirm title={`End the old secret of ${apiKey.name}?`} act="End it" pending={run.isPending} error={run.error} onConfirm={() => run.mutate()} onClose={onClose}>
      {used ? <>It was last used <TimeAgo at={used} />. Whatever still uses it is refused from now on.</> : "Nothing used it since it was replaced."} The new secret works on.
    </Confirm>
  );
}

/** The secret before, under the key it belongs to. */
export const Previous = ({ of }: { of: NonNullable<ApiKeyView["previous"]> }) => (
  <div className="dim"><small>old secret <span className="mono">{of.prefix}…</span> ends <TimeAgo at={of.until} />, {of.last_used_at ? <>last used <TimeAgo at={of.last_used_at} /></> : "not used since"}</small></div>
);
