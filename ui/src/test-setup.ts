import { afterEach } from "vitest";
import { cleanup } from "@testing-library/react";

// jsdom measures nothing; the virtual list and charts only need these to exist.
class Observer {
  observe() {}
  unobserve() {}
  disconnect() {}
}
// Ids made by React need escaping in selectors; these are all it is used for here.
(globalThis as { CSS?: unknown }).CSS ??= { escape: (text: string) => text.replace(/[^\w-]/g, "\\$&") };
globalThis.ResizeObserver ??= Observer as unknown as typeof ResizeObserver;
window.matchMedia ??= ((query: string) => ({ matches: false, media: query, addEventListener: () => undefined, removeEventListener: () => undefined })) as unknown as typeof window.matchMedia;
afterEach(cleanup);
