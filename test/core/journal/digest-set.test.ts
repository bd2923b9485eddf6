import { hash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { DigestSet } from "../../../src/core/util/digest-set.js";

const digest = (text: string) => hash("sha1", text, "base64url").slice(0, 16);

it("is a set of digests, however many", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3000), { maxLength: 5000 }), (numbers) => {
      const set = new DigestSet();
      const model = new Set<number>();
      for (const number of numbers) {
        expect(set.add(digest(String(number)))).toBe(!model.has(number));
        model.add(number);
      }
      expect(set.size).toBe(model.size);
      for (let number = 0; number <= 3000; number += 7) {
        expect(set.has(digest(String(number)))).toBe(model.has(number));
      }
    }),
    { numRuns: 20 },
  );
});

it("accepts a digest of zeros, and distinguishes digests by each of their first 15 characters", () => {
  const zeros = "A".repeat(16);
  const set = new DigestSet();
  expect(set.has(zeros)).toBe(false);
  set.add(zeros);
  expect(set.has(zeros)).toBe(true);
  for (let at = 0; at < 15; at += 1) {
    expect(set.has(`${zeros.slice(0, at)}B${zeros.slice(at + 1)}`)).toBe(false);
  }
});
