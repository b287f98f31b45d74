import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { noteUse } from "@/lib/lastUse";
import { watchUse } from "./idle";

const HALF_AN_HOUR = 1_800_000;
let stop: () => void;
const onIdle = vi.fn(() => stop());

beforeEach(() => {
  vi.useFakeTimers();
  onIdle.mockClear();
  stop = watchUse(HALF_AN_HOUR, onIdle);
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

it("tells of a page that nobody uses, once", () => {
  vi.advanceTimersByTime(HALF_AN_HOUR - 20_000);
  expect(onIdle).not.toHaveBeenCalled();
  vi.advanceTimersByTime(HALF_AN_HOUR);
  expect(onIdle).toHaveBeenCalledTimes(1);
});
it.each(["pointerdown", "keydown", "wheel"])("begins anew with a %s", (kind) => {
  vi.advanceTimersByTime(HALF_AN_HOUR - 20_000);
  window.dispatchEvent(new Event(kind));
  vi.advanceTimersByTime(HALF_AN_HOUR - 20_000);
  expect(onIdle).not.toHaveBeenCalled();
});
it("is content with the use of another page", () => {
  vi.advanceTimersByTime(HALF_AN_HOUR - 20_000);
  noteUse();
  vi.advanceTimersByTime(HALF_AN_HOUR - 20_000);
  expect(onIdle).not.toHaveBeenCalled();
});
it("does not take the first touch after a long sleep for use", () => {
  vi.setSystemTime(Date.now() + HALF_AN_HOUR);
  window.dispatchEvent(new Event("keydown"));
  expect(onIdle).toHaveBeenCalledTimes(1);
});
