import { describe, expect, it } from "vitest";
import type { BillCauseView } from "@/api";
import { agreement, bare, CAUSE_WORDS, mainCause, signed } from "./queries";

const cause = (cause: BillCauseView["cause"], amount_usd: string): BillCauseView => ({ cause, amount_usd, estimated: false });

describe("provider bills", () => {
  it("lets the largest share stand for a row, whatever its sign", () => {
    const all = [cause("rounding", "0.01"), cause("not_on_the_bill", "-12.5"), cause("price_differs", "3")];
    expect(mainCause(all)?.cause).toBe("not_on_the_bill");
    expect(mainCause([])).toBeUndefined();
  });
  it("writes a difference with its sign", () => {
    expect(signed("1.2", "$1.20")).toBe("+$1.20");
    expect(signed("-1.2", "−$1.20")).toBe("−$1.20");
    expect(signed("0", "$0.00")).toBe("$0.00");
    expect(bare("-0.5")).toBe("0.5");
  });
  it("says how much of the bill is the same in Reeve", () => {
    expect(agreement("100", [])).toBe(100);
    expect(agreement("100", [cause("other_keys", "10"), cause("not_on_the_bill", "-5")])).toBe(85);
    expect(agreement("10", [cause("not_through_reeve", "30")])).toBe(0);
    expect(agreement("0", [])).toBeNull();
  });
  it("has words for every cause that a person can act on", () => {
    for (const words of Object.values(CAUSE_WORDS)) expect(words.says.length).toBeGreaterThan(20);
  });
});
