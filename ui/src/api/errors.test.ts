import { describe, expect, it } from "vitest";
import type { Problem } from "./types";
import { ApiError, errorReference, errorWords, fieldErrors, problemFrom } from "./errors";

const failed = (code: Problem["code"], detail = "", extra = {}) => new ApiError({ code, status: 400, detail, ...extra });

describe("errorWords", () => {
  it("passes on what the server wrote for people", () => expect(errorWords(failed("conflict", "a tenant with this short name exists"))).toBe("A tenant with this short name exists."));
  it("hides the detail of an internal failure", () => expect(errorWords(failed("internal", "SQLITE_CORRUPT at page 7"))).not.toContain("SQLITE"));
  it("has words for every code of the contract", () => {
    const codes = ["invalid", "unauthenticated", "forbidden", "not_found", "conflict", "budget_exceeded", "quota_exceeded", "rate_limited", "policy_denied", "precondition_failed", "unavailable"] as const;
    const internal = errorWords(failed("internal"));
    for (const code of codes) expect(errorWords(failed(code))).not.toBe(internal);
  });
  it("tells an unreachable server from a refusal", () => expect(errorWords(new TypeError("Failed to fetch"))).toMatch(/does not answer/));
});
describe("problems", () => {
  it("carry their fields and their reference", () => {
    const error = failed("invalid", "", { fields: [{ field: "name", message: "is empty" }], request_id: "req_1" });
    expect(fieldErrors(error)).toEqual({ name: "Is empty." });
    expect(errorReference(error)).toBe("req_1");
  });
  it("are understood even without a body", async () => {
    expect((await problemFrom(new Response(null, { status: 401 }), undefined)).code).toBe("unauthenticated");
    expect((await problemFrom(new Response(null, { status: 502 }), "<html>")).code).toBe("internal");
  });
});
