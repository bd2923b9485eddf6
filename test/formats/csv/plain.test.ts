import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainRows } from "../../../src/formats/csv/plain-rows.js";
import { isLong } from "../../helpers/long.js";

const comma = 44;
const text = fc.string({ unit: fc.constantFrom('"', ",", "\n", "\r\n", "\r", " ", "a", "\xe9", "\0"), maxLength: 40 });
const cell = fc.string({ unit: fc.constantFrom('"', ",", "\n", "\r\n", "\r", " ", "a", "\xe9"), maxLength: 8 });

/** Returns the rows of csv-parse; undefined for a text that csv-parse refuses. */
function byLibrary(content: string): string[][] | undefined {
  try {
    return parse(content, { relax_column_count: true, record_delimiter: ["\r\n", "\n", "\r"] }) as string[][];
  } catch {
    return undefined;
  }
}

describe("plain rows", () => {
  it("equal the rows of csv-parse, for any text", () => {
    fc.assert(
      fc.property(text, (content) => {
        const { rows, end, isOther, isSimple } = plainRows(content, comma);
        expect(rows.map(({ cells }) => cells)).toEqual(byLibrary(content.slice(0, end)));
        if (isSimple) expect(rows.flatMap(({ cells }) => cells).join("")).toMatch(/^[\x20-\x7E]*$/);
        expect(rows.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(end);
        // Without a broken row, the rest is a row that has not ended yet.
        if (!isOther) expect(byLibrary(`${content.slice(end)}\n`)?.length ?? 0).toBeLessThanOrEqual(1);
      }),
      { numRuns: isLong ? 200_000 : 2000 },
    );
  });

  it("include all rows that a CSV writer writes", () => {
    const row = fc.array(fc.tuple(cell, fc.boolean()), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 6 }), fc.constantFrom("\n", "\r\n"), (written, end) => {
        const expected = written.map((cells) => cells.map(([value]) => value));
        const content = written
          .map((cells) =>
            cells.map(([value, quoted]) => (quoted || /[",\r\n]/.test(value) ? inQuotes(value) : value)).join(","),
          )
          .map((line) => line + end)
          .join("");
        const { rows, end: taken, isOther } = plainRows(content, comma);
        expect(rows.map(({ cells }) => cells)).toEqual(expected);
        expect([taken, isOther]).toEqual([content.length, false]);
      }),
      { numRuns: isLong ? 50_000 : 1000 },
    );
  });

  it.each([
    ["a row that has not ended", "a,b\nc,d"],
    ["a quote that may be closed later", 'a\n"b\n'],
    ["a closing quote that may be the first of two", 'a\n"b"'],
    ["a CR whose LF may come", "a\nb\r"],
  ])("end before %s", (_, content) => {
    const { rows, isOther } = plainRows(content, comma);
    expect([rows.length, isOther]).toEqual([1, false]);
  });

  it.each([
    ["a quote within a cell", 'a\nb"\n'],
    ["text after a closing quote", 'a\n"b"c\n'],
    ["a line that ends with CR alone", "a\nb\rc\n"],
  ])("leave %s to the parser", (_, content) => {
    const { rows, end, isOther } = plainRows(content, comma);
    expect([rows.length, end, isOther]).toEqual([1, 2, true]);
  });
});

function inQuotes(value: string): string {
  return `"${value.replaceAll('"', '""')}"`;
}
