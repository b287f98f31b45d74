import type { EventView } from "@/api/types";
import { saveBlob } from "@/lib/save";
import type { Place, Platform } from "./index";
import { reconnecting, type Dial } from "./reconnect";

const dial: Dial = (ticket, { onOpen, onEvent, onEnd }) => {
  const base = location.origin.replace(/^http/, "ws");
  const socket = new WebSocket(`${base}/api/v1/events?ticket=${encodeURIComponent(ticket)}`);
  socket.onopen = onOpen;
  socket.onmessage = (message) => {
    if (typeof message.data === "string") onEvent(JSON.parse(message.data) as EventView);
  };
  socket.onclose = onEnd;
  return () => {
    socket.onclose = null;
    socket.close();
  };
};

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
  subscribe: (handlers, ticket) => reconnecting(dial, handlers, ticket),
  capabilities: { nativeFilePicker: false },
  pickImportFile: () => Promise.resolve(null),
  savePlace: (name) => Promise.resolve(into(name)),
});
