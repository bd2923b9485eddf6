import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IdsInRun } from "../../src/core/ids-in-run.js";
import { DigestNumbers, fingerprintOfKey } from "../../src/core/journal/digest-set.js";
import { OriginLog } from "../../src/core/origin-log.js";

describe("OriginLog", () => {
  it("gives back every text that was added", () => {
    const origin = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("photos/a🌊.jpg", "photos/a🌋.jpg", "photos/"),
    );
    fc.assert(
      fc.property(fc.array(origin, { maxLength: 100 }), (texts) => {
        const log = new OriginLog();
        for (const text of texts) log.push(text);
        expect(texts.map((_, index) => log.at(index))).toEqual(texts);
      }),
    );
  });

  it("keeps the beginning of a text that is very long", () => {
    const log = new OriginLog();
    log.push("€".repeat(100_000));
    log.push("next");
    expect(log.at(0)).toMatch(/^€{20000}/);
    expect(log.at(1)).toBe("next");
  });
});

describe("DigestNumbers", () => {
  it("gives each fingerprint the first number that it came with, also after it has grown", () => {
    const numbers = new DigestNumbers();
    for (let n = 0; n < 5000; n += 1) expect(numbers.add(fingerprintOfKey(`${n}`), n)).toBeUndefined();
    for (let n = 0; n < 5000; n += 1) expect(numbers.add(fingerprintOfKey(`${n}`), n + 1)).toBe(n);
    expect(numbers.get(fingerprintOfKey("4999"))).toBe(4999);
    expect(numbers.get(fingerprintOfKey("5000"))).toBeUndefined();
  });
});

describe("IdsInRun", () => {
  it("names who had an id first", () => {
    const ids = new IdsInRun();
    expect(ids.claim("a", "photos/1.jpg", 1)).toBeUndefined();
    expect(ids.claim("b", "photos/2.jpg\nx", 2)).toBeUndefined();
    expect(ids.claim("a", "photos/3.jpg", 3)).toEqual({ origin: "photos/1.jpg", sequence: 1 });
    expect(ids.find("b")).toEqual({ origin: "photos/2.jpg\nx", sequence: 2 });
    expect(ids.find("c")).toBeUndefined();
  });
});
