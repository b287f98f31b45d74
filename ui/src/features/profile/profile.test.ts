import { encode } from "uqr";
import { expect, it } from "vitest";
import { modulePath } from "./QrCode";
import { codesText, grouped, programWords } from "./queries";

it("writes a seed in groups that eyes take in", () => {
  expect(grouped("GEZDGNBVGY3TQOJQ")).toBe("GEZD GNBV GY3T QOJQ");
  expect(grouped("")).toBe("");
});
it("says in the file what the codes are for, and keeps each on a line of its own", () => {
  const lines = codesText(["AAAA-BBBB", "CCCC-DDDD"], "Meridian", "ann@example.com").split("\n");
  expect(lines[0]).toContain("ann@example.com");
  expect(lines.slice(-3)).toEqual(["AAAA-BBBB", "CCCC-DDDD", ""]);
});
it("draws a square for each dark module and none for the others", () => {
  expect(modulePath([[true, false], [false, true]])).toBe("M0 0h1v1h-1zM1 1h1v1h-1z");
  const { data, size } = encode("otpauth://totp/Reeve:ann%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Reeve&algorithm=SHA1&digits=6&period=30", { ecc: "M", border: 4 });
  expect(data).toHaveLength(size);
  expect(data.slice(0, 4).flat().some(Boolean)).toBe(false);
  expect(modulePath(data).split("M").length - 1).toBe(data.flat().filter(Boolean).length);
});
it.each([
  ["Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox on Linux"],
  ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge on Windows"],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile/15E148 Safari/604.1", "Safari on iOS"],
  ["curl/8.10.1", "curl/8.10.1"], [null, "Unknown program"], ["x".repeat(60), `${"x".repeat(40)}…`],
])("calls %j %s", (program, words) => expect(programWords(program)).toBe(words));
