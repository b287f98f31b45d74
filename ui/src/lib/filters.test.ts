import { describe, expect, it } from "vitest";
import { decodeTokens, encodeTokens, withoutToken, withToken } from "./filters";

const FIELDS = ["outcome", "tenant", "actor"] as const;

describe("filter tokens in the URL", () => {
  it.each([
    [[{ field: "outcome", value: "not ok" }]], [[{ field: "tenant", value: "a:b;c,d\\e" }, { field: "actor", value: "admin" }]],
  ])("come back as they were: %j", (tokens) => expect(decodeTokens(encodeTokens(tokens), FIELDS)).toEqual(tokens));
  it("leave the URL alone when there are none", () => expect(encodeTokens([])).toBeUndefined());
  it.each(["secret:1", "outcome", "outcome:", ":x", "outcome:a:b", ";;"])("drop %j instead of failing", (text) => expect(decodeTokens(text, FIELDS)).toEqual([]));
  it("hold one value per field", () => {
    const tokens = withToken([{ field: "outcome", value: "ok" }], { field: "outcome", value: "failed" });
    expect(tokens).toEqual([{ field: "outcome", value: "failed" }]);
    expect(withoutToken(tokens, "outcome")).toEqual([]);
  });
});
