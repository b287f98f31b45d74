/** What the page may ask of its host. `web.ts` is a browser tab, `tauri.ts` the desktop window. */
import type { EventView } from "@/api/types";
import { tauriPlatform } from "./tauri";
import { webPlatform } from "./web";

export interface PickedFile {
  path: string;
  name: string;
  size: number;
}
export type EventsState = "live" | "connecting" | "closed";
export interface EventHandlers {
  onEvent: (event: EventView) => void;
  onState: (state: EventsState) => void;
}
/** Asks, and puts the body of a good answer into the file; what comes back then has none. */
export type Place = (request: Request) => Promise<Response>;
export interface Platform {
  kind: "web" | "window";
  /** Origin that relative API paths are resolved against. */
  origin: string;
  fetch: (request: Request) => Promise<Response>;
  /** Listens until the returned function is called. Every connection takes a `ticket` of its own. */
  subscribe: (handlers: EventHandlers, ticket: () => Promise<string>) => () => void;
  capabilities: { nativeFilePicker: boolean };
  pickImportFile: (backup?: boolean) => Promise<PickedFile | null>;
  /** Where a download goes: for one answer. Null when the person chose none. */
  savePlace: (name: string) => Promise<Place | null>;
}

export const isWindow = (): boolean => typeof window !== "undefined" && "__TAURI_INTERNALS__" in window;
export const platform: Platform = isWindow() ? tauriPlatform() : webPlatform();
