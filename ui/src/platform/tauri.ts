import { Channel, invoke } from "@tauri-apps/api/core";
import type { EventView } from "@/api/types";
import type { PickedFile, Platform } from "./index";
import { reconnecting, type Dial } from "./reconnect";

interface Reply {
  status: number;
  headers: [string, string][];
  body: string;
}
const BODILESS = new Set([101, 204, 205, 304]);

/** Carries a request over the window's private channel and rebuilds the reply as a `Response`. With a file that the person
    chose, the body goes there without passing through the page. */
export async function overChannel(request: Request, saveAs?: string): Promise<Response> {
  const url = new URL(request.url);
  const text = request.method === "GET" || request.method === "DELETE" ? "" : await request.text();
  const reply = await invoke<Reply>("api_request", {
    request: {
      method: request.method,
      path: url.pathname + url.search,
      headers: [...request.headers.entries()],
      body: text === "" ? null : text,
      ...(saveAs === undefined ? {} : { save_as: saveAs }),
    },
  });
  return new Response(BODILESS.has(reply.status) ? null : reply.body, {
    status: reply.status,
    headers: reply.headers,
  });
}

const dial: Dial = (ticket, { onOpen, onEvent, onEnd }) => {
  let open = true;
  const end = () => {
    if (open) onEnd();
    open = false;
  };
  const channel = new Channel<EventView | null>();
  // Null is the end: the session is over, or somebody cut the connection.
  channel.onmessage = (event) => {
    if (event === null) end();
    else if (open) onEvent(event);
  };
  invoke("subscribe_events", { channel, ticket }).then(() => open && onOpen(), end);
  return () => {
    open = false;
  };
};

export const tauriPlatform = (): Platform => ({
  kind: "window",
  // Never dialled: it only makes relative paths into valid URLs.
  origin: "http://reeve.localhost",
  fetch: (request) => overChannel(request),
  subscribe: (handlers, ticket) => reconnecting(dial, handlers, ticket),
  capabilities: { nativeFilePicker: true },
  pickImportFile: (backup = false) => invoke<PickedFile | null>("pick_import_file", { backup }),
  savePlace: async (name) => {
    const path = await invoke<string | null>("pick_export_file", { name });
    return path === null ? null : (request) => overChannel(request, path);
  },
});
