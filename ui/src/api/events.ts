/** The event stream: each event is a hint about what to ask for again, never data itself. */
import type { QueryClient } from "@tanstack/react-query";
import { platform, type EventsState } from "@/platform";
import { api, take } from "./client";
import type { EventView } from "./types";

/** Starts of the query keys that an event makes stale. Long lists are not here: rows being read must not move. */
const STALE: Record<EventView["type"], string[][]> = {
  audit: [["overview"], ["audit", "health"], ["audit", "head"], ["audit", "history"], ["requests", "head"]],
  charge: [["overview"], ["tenants"], ["budgets"], ["usage", "summary"], ["requests", "head"], ["requests", "live"]],
  tenant: [["tenants"], ["overview"]],
  limit: [["limits"]],
  budget: [["budgets"], ["pools"], ["overview"], ["holds"]],
  credential: [["credentials"], ["routes"], ["overview"]],
  route: [["routes"]],
  settings: [["settings"], ["setup"], ["prices"], ["listeners"]],
  ledger: [["audit", "health"], ["audit", "witnesses"], ["audit", "checkpoint"]],
  privacy: [["privacy"]],
};
/** A busy gateway sends many hints a second; one round of questions every two is enough for people. */
const GATHER_MS = 2_000;

const listeners = new Set<(event: EventView) => void>();
let state: EventsState = "connecting";
const stateListeners = new Set<() => void>();

export const eventsState = {
  get: (): EventsState => state,
  subscribe: (listener: () => void): (() => void) => {
    stateListeners.add(listener);
    return () => stateListeners.delete(listener);
  },
};

export function onEvent(listener: (event: EventView) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function startEvents(client: QueryClient): () => void {
  let waiting = new Map<string, string[]>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    const keys = [...waiting.values()];
    waiting = new Map();
    for (const queryKey of keys) void client.invalidateQueries({ queryKey });
  };
  const stop = platform.subscribe(
    {
      onEvent: (event) => {
        for (const key of STALE[event.type] ?? []) waiting.set(key.join("/"), key);
        timer ??= setTimeout(flush, GATHER_MS);
        for (const listener of listeners) listener(event);
      },
      onState: (next) => {
        // After a gap hints may have been missed, so everything on the page is asked for again.
        if (next === "live" && state === "connecting") void client.invalidateQueries({ type: "active" });
        state = next;
        for (const listener of stateListeners) listener();
      },
    },
    async () => (await take(api.POST("/auth/ws-tickets"))).ticket,
  );
  return () => {
    clearTimeout(timer);
    stop();
  };
}
