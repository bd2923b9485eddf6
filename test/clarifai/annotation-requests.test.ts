import { expect, it } from "vitest";
import { inRequests } from "../../src/clarifai/annotation-requests.js";

const itemOf = (bytes: number, n: number) => ({
  annotation: { id: String(n), concepts: [], mask: { base64: "A".repeat(bytes) } },
});
const sizes = (items: ReturnType<typeof itemOf>[]) => inRequests(items).map((part) => part.length);

it("splits annotations by their number and by the bytes of their masks", () => {
  expect(sizes([])).toEqual([]);
  expect(sizes(Array.from({ length: 300 }, (_, n) => itemOf(1, n)))).toEqual([128, 128, 44]);
  expect(sizes([1, 2, 3].map((n) => itemOf(15_000_000, n)))).toEqual([2, 1]);
  expect(sizes([1, 2].map((n) => itemOf(40_000_000, n)))).toEqual([1, 1]);
});
