import { expect, it } from "vitest";
import { jsonLists } from "../../src/emulator/store/json-lists.js";

it("keeps all rows in their order, in lists of limited length", () => {
  const rows = Array.from({ length: 9 }, (_, n) => [n, "x".repeat(300_000), null]);
  const lists = jsonLists([...rows, [9, "y".repeat(3_000_000), null], [10, "z", null]]);
  expect(lists.flatMap((list) => JSON.parse(list) as unknown[]).map((row) => (row as number[])[0])).toEqual([
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
  ]);
  expect(lists.map((list) => (JSON.parse(list) as unknown[]).length)).toEqual([3, 3, 3, 1, 1]);
  expect(jsonLists([])).toEqual([]);
});
