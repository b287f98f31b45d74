/** A page that nobody sits at is signed out. What it asks for by itself keeps the session open, so the server cannot tell. */
import { noteUse, unusedFor } from "@/lib/lastUse";

const LOOK_MS = 10_000;
/** Noting every movement of a wheel would say nothing more. */
const NOTE_MS = 1_000;
const USES = ["pointerdown", "keydown", "wheel"] as const;

/** Calls `onIdle` once nobody has used any page for so long; gives back how to stop watching. */
export function watchUse(idleMs: number, onIdle: () => void): () => void {
  const overdue = () => unusedFor() >= idleMs;
  const look = () => overdue() && onIdle();
  // The first touch after a computer has slept comes before the clock does, and is none of the former session.
  const use = () => (overdue() ? onIdle() : unusedFor() > NOTE_MS && noteUse());
  noteUse();
  const timer = setInterval(look, LOOK_MS);
  for (const kind of USES) window.addEventListener(kind, use, { capture: true, passive: true });
  return () => {
    clearInterval(timer);
    for (const kind of USES) window.removeEventListener(kind, use, { capture: true });
  };
}
