import { describe, expect, it } from "vitest";
import { csvHeader, guessColumn } from "./csv";

describe("csvHeader", () => {
  it("reads quotes, commas in quotes and a byte-order mark", () => expect(csvHeader('\ufeff"Time (UTC)","a ""b"", c",model\r\n1,2,3')).toEqual(["Time (UTC)", 'a "b", c', "model"]));
  it("finds no column in an empty file", () => expect(csvHeader("")).toEqual([]));
});
describe("guessColumn", () => {
  it("knows what a trace calls its tokens", () => expect(["input_tokens", "output_tokens"].map((f) => guessColumn(f, ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]))).toEqual(["ContextTokens", "GeneratedTokens"]));
  const columns = ["start_time", "project_id", "model", "input_tokens", "input_cached_tokens", "output_tokens"];
  it.each([["time", "start_time"], ["tenant", "project_id"], ["model", "model"], ["input_tokens", "input_tokens"], ["cache_read_tokens", "input_cached_tokens"], ["output_tokens", "output_tokens"], ["provider", undefined]])("offers for %s the column %s", (field, column) => expect(guessColumn(field, columns)).toBe(column));
});
