import { expect, test } from "vitest";
import { fileName, signedWords, stateOf } from "./queries";

const stream = (entries: number, signed: number) => ({ stream: "audit" as const, entries, signed, signed_at: signed > 0 ? "2026-11-21T12:00:00.000Z" : null });

test("how far a witness signed is told by the last entry, and what is newer by a number", () => {
  expect(signedWords(stream(0, 0))).toBe("Nothing signed yet");
  expect(signedWords(stream(1_200, 1_200))).toBe("through entry 1,199");
  expect(signedWords(stream(1_201, 1_200))).toBe("through entry 1,199; 1 newer entry is not");
  expect(signedWords(stream(5_000, 1))).toBe("through entry 0; 4,999 newer entries are not");
});

test("the worst is told first", () => {
  const of = (more: object) => stateOf({ contradiction: null, tried: null, url: null, streams: [stream(9, 9), stream(9, 9)], ...more });
  const failed = { at: "", outcome: "away" as const, problem: "It is away.", failing_since: null };
  expect(of({ contradiction: "It signed another.", tried: failed })).toEqual(["bad", "Contradicts the ledger"]);
  expect(of({ tried: failed })).toEqual(["warn", "Does not sign"]);
  expect(of({})).toEqual(["ok", "Signing"]);
  expect(of({ streams: [stream(9, 9), stream(9, 0)] })).toEqual(["info", "Signed one ledger"]);
  expect(of({ streams: [stream(9, 0), stream(9, 0)] })).toEqual(["none", "Nothing signed yet"]);
  expect(of({ streams: [stream(9, 0)], url: "https://witness.example" })).toEqual(["none", "Not asked yet"]);
});

test("the file of a checkpoint says what it is of", () => {
  expect(fileName("usage", 12)).toBe("reeve-usage-checkpoint-12.txt");
});
