import { afterEach, expect, it, vi } from "vitest";
import { copyText } from "./clipboard";

afterEach(() => vi.unstubAllGlobals());

it("uses the clipboard where there is one", async () => {
  const writeText = vi.fn().mockResolvedValue(undefined);
  vi.stubGlobal("navigator", { clipboard: { writeText } });
  expect(await copyText("rvk_1")).toBe(true);
  expect(writeText).toHaveBeenCalledWith("rvk_1");
});
it("selects and copies where there is none, and leaves nothing behind", async () => {
  vi.stubGlobal("navigator", {});
  let copied = "";
  document.execCommand = vi.fn(() => {
    copied = document.querySelector("textarea")?.value ?? "";
    return true;
  });
  expect(await copyText("rvk_2")).toBe(true);
  expect(copied).toBe("rvk_2");
  expect(document.querySelector("textarea")).toBeNull();
});
