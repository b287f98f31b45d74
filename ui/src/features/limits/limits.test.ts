import { describe, expect, it } from "vitest";
import type { LimitBucket, LimitStatusView } from "@/api";
import { fieldsOf, readCount, readNumbers, refusedByScope, tightest, toneOf, toTexts, usedOf } from "./queries";

const bucket = (available_tokens: number, capacity: number): LimitBucket => ({ available_tokens, capacity, rate: capacity, reset_at: "2026-11-21T12:00:00Z" });
const status = (requests: LimitBucket | null, tokens: LimitBucket | null): LimitStatusView => ({ scope: "tenant", subject: "ten_1", name: "Acme", tenant_id: null, tenant_name: null, requests, tokens, concurrent_now: 0, concurrent_limit: null });

describe("limits", () => {
  it("reads counts as people type them", () => {
    expect(readCount("")).toBeUndefined();
    expect(readCount("1,000")).toBe(1_000);
    expect(["0", "-3", "x", "1.5", "2000000000"].map(readCount)).toEqual([null, null, null, null, null]);
  });
  it("keeps only the numbers a scope can have, and says which are wrong", () => {
    const texts = { requests_per_minute: "60", tokens_per_minute: "5000", burst: "10", concurrent_requests: "2" };
    expect(readNumbers(texts, "tenant")).toEqual({ numbers: { requests_per_minute: 60, tokens_per_minute: 5_000, burst: 10, concurrent_requests: null }, wrong: [] });
    expect(readNumbers({ ...texts, requests_per_minute: "" }, "api_key").wrong).toEqual(["burst"]);
    expect(readNumbers({ ...texts, burst: "many" }, "user").wrong).toEqual(["burst"]);
    expect(fieldsOf("ip")).toEqual(["requests_per_minute", "burst"]);
    expect(toTexts(readNumbers(texts, "model").numbers)).toEqual(texts);
  });
  it("shows the bucket with the least left", () => {
    expect(tightest(status(bucket(50, 100), bucket(900, 1_000)))?.what).toBe("requests");
    expect(tightest(status(bucket(50, 100), bucket(100, 1_000)))?.what).toBe("tokens");
    expect(tightest(status(null, null))).toBeNull();
    expect([usedOf(bucket(25, 100)), usedOf(bucket(0, 0))]).toEqual([75, 100]);
    expect([10, 85, 100].map(toneOf)).toEqual(["ok", "warn", "bad"]);
  });
  it("sums refusals by scope", () => {
    const row = { metric: "requests" as const, tenant_id: null, tenant_name: null };
    expect(refusedByScope([{ ...row, scope: "ip", calls: 3 }, { ...row, scope: "ip", calls: 4 }, { ...row, scope: "user", calls: 1 }])).toEqual({ tenant: 0, api_key: 0, user: 1, model: 0, ip: 7 });
  });
});
