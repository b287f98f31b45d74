import { describe, expect, it } from "vitest";
import { hostOf, readTypes, sentWords } from "./queries";

describe("a listener in words", () => {
  it.each([["", []], ["auth.\n tenant., auth.", ["auth.", "tenant."]], ["  ", []]])("%j reads as %j", (text, types) => expect(readTypes(text)).toEqual(types));
  it.each([
    [{ event_types: [], min_severity: "info", stream: "audit" }, "everything"],
    [{ event_types: ["auth."], min_severity: "warning", stream: "audit" }, "auth.*, warnings and louder"],
    [{ event_types: ["auth.", "tenant."], min_severity: "info", stream: "usage" }, "auth.* and 1 more of the usage ledger"],
  ] as const)("%j", (listener, words) => expect(sentWords({ ...listener, event_types: [...listener.event_types] })).toBe(words));
  it("shows the host alone", () => {
    expect(hostOf("https://example.com:8443/secret")).toBe("example.com:8443");
    expect(hostOf("nonsense")).toBe("nonsense");
  });
});
