import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, fieldErrors, take, type PoolView } from "@/api";
import { Confirm, ErrorState, SideForm, SkeletonRows, useForm, useMay } from "@/components";
import { callKeysQuery, useProviderName } from "@/features/keys";
import { plural } from "@/lib/number";
import { Button, Checks, Empty, Sheet, TextField, toast } from "@/ui";
import { poolsQuery } from "./queries";

/** Provider keys that share budgets, because they share an account at the provider. */
export function PoolForm({ pool, onClose, onDone }: { pool?: PoolView; onClose: () => void; onDone?: (pool: PoolView) => void }) {
  const client = useQueryClient();
  const keys = useQuery(callKeysQuery);
  const pools = useQuery(poolsQuery);
  const nameOf = useProviderName();
  const form = useForm({ name: pool?.name ?? "", credential_ids: pool?.credential_ids ?? ([] as string[]) });
  const save = useMutation({
    mutationFn: () => {
      const body = { name: form.values.name.trim(), credential_ids: form.values.credential_ids };
      return pool ? take(api.PATCH("/pools/{id}", { params: { path: { id: pool.id } }, body })) : take(api.POST("/pools", { body }));
    },
    onSuccess: async (saved) => {
      await client.invalidateQueries({ queryKey: ["pools"] });
      void client.invalidateQueries({ queryKey: ["budgets"] });
      toast({ title: pool ? `Changed the pool ${saved.name}` : `Made the pool ${saved.name}`, detail: plural(saved.credential_ids.length, "provider key") });
      onClose();
      onDone?.(saved);
    },
  });
  const e = fieldErrors(save.error);
  const other = (id: string) => (pools.data?.items ?? []).find((p) => p.id !== pool?.id && p.credential_ids.includes(id));
  const options = (keys.data?.items ?? []).filter((c) => c.state === "current" || form.values.credential_ids.includes(c.id)).map((c) => {
    const elsewhere = other(c.id);
    return { id: c.id, label: `${nameOf(c.provider)} / ${c.name}`, note: elsewhere ? `Leaves the pool ${elsewhere.name}` : undefined };
  });
  return (
    <SideForm title={pool ? `Edit the pool ${pool.name}` : "New pool"} submit={pool ? "Save" : "Make pool"} onSubmit={() => save.mutate()} onClose={onClose} pending={save.isPending} error={save.error} shown={["name", "credential_ids"]} blocked={!form.values.name.trim() ? "Give it a name first" : null}>
      <TextField label="Name" {...form.bind("name")} error={e.name} autoFocus required />
      {keys.isError ? <ErrorState of={keys} what="The provider keys" tight /> : options.length === 0 && keys.isSuccess ? <p className="dim">There is no provider key yet. A pool may be filled later.</p> : (
        <Checks label="Provider keys" {...form.bind("credential_ids")} options={options} error={e.credential_ids} hint="What these keys spend counts to the pool's budgets. A key is in one pool at most." />
      )}
    </SideForm>
  );
}

/** All pools, in a sheet beside the budgets. */
export function PoolsSheet({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const may = useMay("budget:write");
  const list = useQuery(poolsQuery);
  const keys = useQuery(callKeysQuery);
  const providerName = useProviderName();
  const [open, setOpen] = useState<{ act: "new" } | { act: "edit" | "delete"; pool: PoolView } | null>(null);
  const drop = useMutation({
    mutationFn: (pool: PoolView) => take(api.DELETE("/pools/{id}", { params: { path: { id: pool.id } } })),
    onSuccess: (_, pool) => {
      void client.invalidateQueries({ queryKey: ["pools"] });
      toast({ title: `Removed the pool ${pool.name}` });
      setOpen(null);
    },
  });
  const nameOf = (id: string) => {
    const key = (keys.data?.items ?? []).find((c) => c.id === id);
    return key ? `${providerName(key.provider)} / ${key.name}` : "removed key";
  };
  const create = <Button kind="primary" onPress={() => setOpen({ act: "new" })} disabledReason={may}>New pool</Button>;
  const items = list.data?.items ?? [];
  return (
    <Sheet title="Pools of provider keys" onClose={onClose} wide>
      <div className="content">
        <p className="dim">Provider keys of one account share what it may spend. A budget on their pool counts the calls of them all.</p>
        {list.isPending ? <SkeletonRows rows={3} /> : list.isError ? <ErrorState of={list} what="The pools" tight /> : items.length === 0 ? (
          <Empty level={3} title="No pools yet" action={create}>Make one where several keys are billed together.</Empty>
        ) : (
          <table className="t">
            <thead><tr><th>Pool</th><th>Provider keys</th><th /></tr></thead>
            <tbody>
              {items.map((p) => (
                <tr key={p.id}>
                  <td className="strong">{p.name}</td>
                  <td className="dim" style={{ whiteSpace: "normal" }}>{p.credential_ids.length === 0 ? "none" : p.credential_ids.map(nameOf).join(", ")}</td>
                  <td className="num"><span className="row end">
                    <Button small label={`Edit the pool ${p.name}`} onPress={() => setOpen({ act: "edit", pool: p })} disabledReason={may}>Edit</Button>
                    <Button small label={`Delete the pool ${p.name}`} onPress={() => setOpen({ act: "delete", pool: p })} disabledReason={may}>Delete</Button>
                  </span></td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {items.length > 0 && <div className="row">{create}</div>}
      </div>
      {open?.act === "new" && <PoolForm onClose={() => setOpen(null)} />}
      {open?.act === "edit" && <PoolForm pool={open.pool} onClose={() => setOpen(null)} />}
      {open?.act === "delete" && (
        <Confirm title={`Delete the pool ${open.pool.name}?`} act="Delete" type={{ text: open.pool.name, of: "name" }} pending={drop.isPending} error={drop.error} onConfirm={() => drop.mutate(open.pool)} onClose={() => setOpen(null)}>
          Its provider keys stay and go on serving calls. A pool that has a budget can only be deleted after that.
        </Confirm>
      )}
    </Sheet>
  );
}
