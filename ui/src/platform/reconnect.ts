import type { EventView } from "@/api/types";
import type { EventHandlers } from "./index";

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

export const retryDelay = (attempt: number): number => Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt);

/** One connection: opens with a ticket, tells what comes of it, and gives back how to hang up. */
export type Dial = (ticket: string, heard: { onOpen: () => void; onEvent: (event: EventView) => void; onEnd: () => void }) => () => void;

/** Reconnects for ever with growing pauses; every connection needs its own single-use ticket. */
export function reconnecting(dial: Dial, { onEvent, onState }: EventHandlers, ticket: () => Promise<string>): () => void {
  let attempt = 0;
  let stopped = false;
  let hangUp = () => {};
  let timer: ReturnType<typeof setTimeout> | undefined;

  const again = () => {
    if (stopped) return;
    onState("connecting");
    timer = setTimeout(() => void connect(), retryDelay(attempt++));
  };
  const onOpen = () => {
    attempt = 0;
    if (!stopped) onState("live");
  };
  const connect = async () => {
    try {
      const value = await ticket();
      if (stopped) return;
      hangUp = dial(value, { onOpen, onEvent: (event) => !stopped && onEvent(event), onEnd: again });
    } catch {
      again();
    }
  };
  void connect();
  return () => {
    stopped = true;
    clearTimeout(timer);
    hangUp();
    onState("closed");
  };
}
