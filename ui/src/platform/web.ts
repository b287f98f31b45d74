import type { EventView } from "@/api/types";
import { saveBlob } from "@/lib/save";
import type { EventHandlers, Place, Platform } from "./index";

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

export const retryDelay = (attempt: number): number => Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt);

/** Reconnects for ever with growing pauses; every connection needs its own single-use ticket. */
function subscribe({ onEvent, onState }: EventHandlers, ticket: () => Promise<string>): () => void {
  let attempt = 0;
  let stopped = false;
  let socket: WebSocket | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const again = () => {
    if (stopped) return;
    onState("connecting");
    timer = setTimeout(() => void connect(), retryDelay(attempt++));
  };
  const connect = async () => {
    try {
      const value = await ticket();
      if (stopped) return;
      const base = location.origin.replace(/^http/, "ws");
      socket = new WebSocket(`${base}/api/v1/events?ticket=${encodeURIComponent(value)}`);
    } catch {
      again();
      return;
    }
    socket.onopen = () => {
      attempt = 0;
      onState("live");
    };
    socket.onmessage = (message) => {
      if (typeof message.data === "string") onEvent(JSON.parse(message.data) as EventView);
    };
    socket.onclose = again;
  };
  void connect();
  return () => {
    stopped = true;
    clearTimeout(timer);
    if (socket) socket.onclose = null;
    socket?.close();
    onState("closed");
  };
}

const ask = (request: Request): Promise<Response> => window.fetch(request, { credentials: "same-origin" });
const into = (name: string): Place => async (request) => {
  const response = await ask(request);
  if (!response.ok) return response;
  saveBlob(name, await response.blob());
  return new Response(null, { status: response.status, headers: response.headers });
};

export const webPlatform = (): Platform => ({
  kind: "web",
  origin: typeof location === "undefined" ? "http://localhost" : location.origin,
  fetch: ask,
  subscribe,
  capabilities: { nativeFilePicker: false },
  pickImportFile: () => Promise.resolve(null),
  savePlace: (name) => Promise.resolve(into(name)),
});
