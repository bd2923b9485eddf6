import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IdsInRun } from "../../../src/core/accounting/ids/ids-in-run.js";
import { OriginLog } from "../../../src/core/accounting/ids/origin-log.js";

describe("OriginLog", () => {
  it("gives back every text that was added", () => {
    const origin = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("photos/a🌊.jpg", "photos/a🌋.jpg", "photos/"),
    );
    fc.assert(
      fc.property(fc.array(origin, { maxLength: 600 }), (texts) => {
        const log = new OriginLog();
        for (const text of texts) log.push(text);
        expect(texts.map((_, index) => log.at(index))).toEqual(texts);
      }),
    );
  });

  it("keeps its strings over many blocks", () => {
    const log = new OriginLog();
    const texts = Array.from({ length: 2000 }, (_, n) => `photos/${n % 7}/${n}🌊.jpg`);
    for (const [index, text] of texts.entries()) expect(log.push(text)).toBe(index + 1);
    expect(texts.map((_, index) => log.at(index))).toEqual(texts);
  });
});

describe("IdsInRun", () => {
  it("names the first input of an id", () => {
    const ids = new IdsInRun();
    expect(ids.claim("a", "photos/1.jpg", 1)).toBeUndefined();
    expect(ids.claim("b", "photos/2.jpg\nx", 2)).toBeUndefined();
    expect(ids.claim("a", "photos/3.jpg", 3)).toEqual({ origin: "photos/1.jpg", sequence: 1 });
    expect(ids.find("b")).toEqual({ origin: "photos/2.jpg\nx", sequence: 2 });
    expect(ids.find("c")).toBeUndefined();
  });

  it("distinguishes 300,000 similar ids, and finds each", () => {
    const ids = new IdsInRun();
    const names = Array.from({ length: 100_000 }, (_, n) => [
      `row-${n}`,
      `photos-IMG-${n}-jpg`,
      `${n}`.padStart(48, "0"),
    ]).flat();
    expect(names.filter((name, index) => ids.claim(name, `o/${index}`, index))).toEqual([]);
    for (const index of [0, 1, 2, 1023, 150_001, 299_999]) {
      expect(ids.find(names[index] as string)).toEqual({ origin: `o/${index}`, sequence: index });
    }
  });
});
