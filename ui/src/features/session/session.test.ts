import { expect, it } from "vitest";
import { tokenOf } from "./JoinPage";
import { safeNext } from "./SignInPage";

it("returns to where the person was", () => expect(safeNext("/audit?filters=outcome%3Anot%20ok")).toBe("/audit?filters=outcome%3Anot%20ok"));
it.each([undefined, "https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)", "/sign-in?next=/x"])("goes to the overview rather than to %s", (next) => expect(safeNext(next)).toBe("/"));
it.each([["https://reeve.example/join#abc-_1", "abc-_1"], [" abc-_1\n", "abc-_1"], ["#abc", "abc"], ["", ""]])("finds the token in %j", (text, token) => expect(tokenOf(text)).toBe(token));
