/** What every page needs to know of the workspace, and the ticking clock for relative times. */
import { queryOptions, useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { api, take, type MeView, type SetupView } from "@/api";

export const setupQuery = queryOptions({
  queryKey: ["setup"],
  queryFn: ({ signal }) => take(api.GET("/setup", { signal })),
  staleTime: 60_000,
});
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => take(api.GET("/auth/me", { signal })),
  staleTime: 300_000,
});

export const useSetup = (): SetupView => useSuspenseQuery(setupQuery).data;
export const useZone = (): string => useQuery(setupQuery).data?.time_zone ?? "UTC";

const TICK_MS = 15_000;
let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  // The clock stood while nobody looked at it, such as during set-up.
  if (timer === undefined) now = Date.now();
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}
export const useNow = (): number => useSyncExternalStore(subscribe, () => now);
/** The shared clock, moved on to the present; for ranges in query keys it is rounded so that keys stay equal. */
export const nowRounded = (stepMs: number): number => Math.floor(Date.now() / stepMs) * stepMs;

/** The permissions that changes need, by the names the server gives them. */
export type Scope = `${"tenant" | "api_key" | "budget" | "usage" | "price" | "credential" | "route" | "limit" | "listener" | "capture" | "privacy" | "settings"}:write` | `${"tenant" | "budget" | "limit" | "credential" | "route" | "privacy" | "settings"}:read` | "audit:read" | "usage:read" | "audit:write" | "gateway:call" | "vault:read" | "vault:write" | "capture:read" | "user:read" | "user:write" | "session:write" | "audit:private";
/** Whether somebody holds a permission: by their role or, where a tenant is said, for that tenant. */
export const holds = (me: Pick<MeView, "scopes" | "grants">, scope: Scope, tenant?: string | null): boolean =>
  me.scopes.includes(scope) || me.grants.some((g) => g.tenant_id === tenant && g.scopes.includes(scope));
/** Why a change is not possible, or null. One place, so that every disabled control says the same. */
export function useMay(scope: Scope, tenant?: string | null): string | null {
  const me = useQuery(meQuery).data;
  if (!me || holds(me, scope, tenant)) return null;
  return `Your role, ${me.user.role_name}, does not allow this (needs ${scope}).`;
}
/** Whether what needs a permission in the whole workspace is closed to somebody who may do it with single tenants alone. */
export function useTenantsAlone(scope: Scope): boolean {
  const me = useQuery(meQuery).data;
  return !!me && me.grants.length > 0 && !me.scopes.includes(scope);
}
