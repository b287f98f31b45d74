import { renderHook } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { useNow } from "./workspace";

it("tells the present to whoever looks first after a while", () => {
  vi.useFakeTimers();
  try {
    const later = Date.now() + 600_000;
    vi.setSystemTime(later);
    const { result, unmount } = renderHook(() => useNow());
    expect(result.current).toBe(later);
    unmount();
  } finally {
    vi.useRealTimers();
  }
});
