import { expect, it } from "vitest";
import { pretty } from "./Bodies";

it("breaks JSON into lines and leaves what is cut as it is", () => {
  expect(pretty('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}');
  expect(pretty('{"a":"half of it')).toBe('{"a":"half of it');
});
