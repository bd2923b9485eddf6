import { describe, expect, it } from "vitest";
import { flow, InputError, type Source, type SourceItem } from "../../../src/index.js";

function failing(items: readonly { origin: string; reason: string }[]): Source {
  return {
    name: "failing",
    *read(): Generator<SourceItem> {
      for (const { origin, reason } of items) yield { origin, error: new InputError("ERR_X", reason) };
    },
  };
}

async function linesOf(...items: { origin: string; reason: string }[]): Promise<string[]> {
  const report = await flow(failing(items)).run();
  return report.summary().split("\n").slice(1);
}

describe("the summary of a report", () => {
  it("names an input once if its reason begins with its name", async () => {
    expect(
      await linesOf(
        { origin: "a/b.txt", reason: "a/b.txt is empty" },
        { origin: "a", reason: "ab is empty" },
        { origin: "c", reason: '"c" is not a URL' },
      ),
    ).toEqual([
      "  failed   a/b.txt is empty [failing, ERR_X]",
      "  failed   a: ab is empty [failing, ERR_X]",
      '  failed   "c" is not a URL [failing, ERR_X]',
    ]);
  });

  it("keeps each input on its own line, whatever characters its name has", async () => {
    expect(await linesOf({ origin: "two\nlines \u001b[31m\u202e", reason: "no\r\nway" })).toEqual([
      "  failed   two\\nlines \\u001b[31m\\u202e: no\\u000d\\nway [failing, ERR_X]",
    ]);
    expect(await linesOf({ origin: "naïve 東京 👩‍🚀", reason: "no" })).toEqual([
      "  failed   naïve 東京 👩‍🚀: no [failing, ERR_X]",
    ]);
  });

  it("lists twenty failures and counts the others", async () => {
    const lines = await linesOf(
      ...Array.from({ length: 23 }, (_, n) => ({ origin: `f${n}`, reason: `no ${"x".repeat(n)}` })),
    );
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toBe("  … and 3 more failed");
  });

  it("lists more than five failures with the same reason in one line, whatever names, URLs and numbers are in it", async () => {
    const many = Array.from({ length: 7 }, (_, n) => {
      const reason = `https://x.test/${n}.jpg answered 404 after ${n}.5 s, see "row ${n}" of data/f${n}.csv and b${n}.json`;
      return { origin: `f${n}`, reason };
    });
    const general = '… answered … after … s, see "…" of … and …';
    expect(await linesOf(...many)).toEqual([`  failed   7 × ${general} [failing, ERR_X]: f0, f1, f2, …`]);
    expect(await linesOf(...many.slice(0, 5))).toHaveLength(5);
  });

  it("lists more than twenty failures with the same reason in one line, whatever their names are", async () => {
    const many = Array.from({ length: 30 }, (_, n) => ({ origin: `f${n}`, reason: n < 29 ? `f${n} is empty` : "no" }));
    expect(await linesOf(...many)).toEqual([
      "  failed   29 × is empty [failing, ERR_X]: f0, f1, f2, …",
      "  failed   f29: no [failing, ERR_X]",
    ]);
  });

  it("says that nothing was read", async () => {
    expect(await linesOf()).toEqual(["  nothing was read: the source is empty"]);
  });
});
