import { Parser } from "csv-parse";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { type CsvRow, readRows } from "../../../src/formats/csv/rows.js";
import { fileWith, tempFolder } from "../../helpers/files.js";
import { propertyRuns } from "../../helpers/long.js";

const temp = tempFolder();
const chunkBytes = 64 * 1024;

const { _transform: transform } = Parser.prototype;
const { stackTraceLimit } = Error;

afterEach(() => {
  Parser.prototype._transform = transform;
  Error.stackTraceLimit = stackTraceLimit;
});

async function* rowsIn(content: string | Uint8Array, delimiter = ","): AsyncGenerator<CsvRow> {
  for await (const rows of readRows(fileWith(temp, "rows.csv", content), delimiter)) yield* rows;
}

/** Returns line and cells of each row. For a broken row: its line, the broken cell and the reason. */
async function allRows(content: string | Uint8Array, delimiter?: string): Promise<unknown[][]> {
  const rows: unknown[][] = [];
  for await (const row of rowsIn(content, delimiter)) {
    rows.push("reason" in row ? [row.line, row.cell, row.reason] : [row.line, row.cells]);
  }
  return rows;
}

/** Counts the bytes that csv-parse receives from now on, and the bytes that it parses. */
function watchParsers() {
  const seen = { pieces: 0, givenBytes: 0, parsedBytes: 0, miscounted: 0 };
  Parser.prototype._transform = function (this: Parser, chunk: Buffer, ...rest) {
    const before = this.info.bytes;
    transform.call(this, chunk, ...rest);
    seen.givenBytes += chunk.length;
    seen.parsedBytes += this.info.bytes - before;
    seen.pieces += 1;
    seen.miscounted += this.info.invalid_field_length;
  };
  return seen;
}

const stray = "has a quote in a cell that does not begin with one";
const goesOn = "has text after its closing quote";
const neverClosed = "has a quote that is never closed";

describe("broken rows", () => {
  it.each(["\n", "\r\n", "\r"])("fail alone: the first, the last, one after another (line ends %j)", async (end) => {
    const lines = ['"a"b,c', "1,one", '2,"x"y', '3,"two', 'lines"', 'x"4,', ',"5"x"', "", "6,six", '7,x"', '8,"eight'];
    expect(await allRows(lines.join(end))).toEqual([
      [1, 0, goesOn],
      [2, ["1", "one"]],
      [3, 1, goesOn],
      [4, ["3", `two${end}lines`]],
      [6, 0, stray],
      [7, 1, goesOn],
      [9, ["6", "six"]],
      [10, 1, stray],
      [11, 1, neverClosed],
    ]);
  });

  it("fail alone in UTF-16", async () => {
    const content = Buffer.from('\uFEFFä,"x"y\n🌊,"b\n"\nc,"é', "utf16le");
    for (const bytes of [content, Buffer.from(content).swap16()]) {
      expect(await allRows(bytes)).toEqual([
        [1, 1, goesOn],
        [2, ["🌊", "b\n"]],
        [4, 1, neverClosed],
      ]);
    }
  });

  it("that are not UTF-8 fail as a whole, with all their lines", async () => {
    const content = Buffer.from('a,"caf\xe9\n\n",c\nd,"e\n"\n', "latin1");
    expect(await allRows(content)).toEqual([
      [1, 1, "is not valid UTF-8 or UTF-16 (another encoding, or a truncated file); save the file as UTF-8"],
      [4, ["d", "e\n"]],
    ]);
  });

  it("fail alone at the boundary of two chunks", async () => {
    for (let shift = 0; shift < 48; shift += 1) {
      const filler = "x".repeat(chunkBytes - 50 + shift);
      const content = `1；${filler}\r\n2；"x"y\r\n3；"""；\r\n"\r\n4；é"\r\n\r\n5；five\r\n`;
      expect(await allRows(content, "；")).toEqual([
        [1, ["1", filler]],
        [2, 1, goesOn],
        [3, ["3", '"；\r\n']],
        [5, 1, stray],
        [7, ["5", "five"]],
      ]);
    }
  });

  /** A row of several empty cells does not count as a row of the table. */
  const isBlank = (cells: unknown) =>
    Array.isArray(cells) && cells.length > 1 && cells.every((text: string) => /^[ \t\r\n]*$/.test(text));

  it("fail alone among any rows that a CSV writer writes", async () => {
    const cell = fc.string({ unit: fc.constantFrom('"', ",", "\n", "\r", " ", "a", "é", "\0"), maxLength: 6 });
    const good = fc.array(cell, { minLength: 1, maxLength: 3 }).map((cells) => ({
      written: cells.map((text) => `"${text.replaceAll('"', '""')}"`).join(","),
      read: [cells] as unknown[],
      breaks: cells.join("|").match(/\r\n|\r|\n/g)?.length ?? 0,
    }));
    const bad = fc
      .constantFrom<[string, number, string]>(
        ['1,"x"y', 1, goesOn],
        ['1,x"y', 1, stray],
        ['1,"a""b"c', 1, goesOn],
        ['1,2,"""" ', 2, goesOn],
        ['"x"y,"z"', 0, goesOn],
      )
      .map(([written, index, reason]) => ({ written, read: [index, reason] as unknown[], breaks: 0 }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(good, bad), { minLength: 1, maxLength: 12 }),
        fc.constantFrom("\n", "\r\n", "\r"),
        fc.constantFrom<BufferEncoding>("utf8", "utf16le"),
        async (rows, end, encoding) => {
          const content = `\uFEFF${rows.map(({ written }) => written).join(end)}`;
          let line = 1;
          const expected = rows.flatMap(({ read, breaks }) => {
            const begins = line;
            line += 1 + breaks;
            return isBlank(read[0]) ? [] : [[begins, ...read]];
          });
          expect(await allRows(Buffer.from(content, encoding))).toEqual(expected);
        },
      ),
      propertyRuns(150),
    );
  });

  it("do not make the parser start again from the beginning: 10,000 of them in one file", {
    timeout: 60_000,
  }, async () => {
    const watched = watchParsers();
    Error.stackTraceLimit = 0; // vitest maps each stack to its sources, which would be most of the work
    const kinds = ['"x"y', 'x"y', '"open', "fine", '"two\nlines"'];
    const content = Array.from({ length: 16_670 }, (_, n) => `${n},${kinds[n % kinds.length]}`).join("\n");
    const rows = await allRows(content);
    expect(rows.filter((row) => row.length === 3)).toHaveLength(10_002);
    expect(rows).toHaveLength(16_670);
    expect(watched.parsedBytes).toBeGreaterThan(0); // of what comes before the broken rows, nothing
    expect(watched.parsedBytes).toBeLessThan(content.length);
    expect(watched.givenBytes).toBeLessThan(content.length + 10_002 * chunkBytes);
  });

  it("that exceed the limit of a row fail alone, in quotes and without", { timeout: 60_000 }, async () => {
    const tooLong = "is in a row of more than 25000000 bytes";
    const long = "x".repeat(25_000_000);
    expect(await allRows(`a\n${long}\nb,"c${"x".repeat(2 * chunkBytes)}${long}\nd\n`)).toEqual([
      [1, ["a"]],
      [2, 0, tooLong],
      [3, 1, tooLong],
      [4, ["d"]],
    ]);
  });
});

describe("rows", () => {
  it("end with any line break, mixed in one file", async () => {
    expect(await allRows("a\r\nb\rc\n\rd\n\r\ne")).toEqual([
      [1, ["a"]],
      [2, ["b"]],
      [3, ["c"]],
      [5, ["d"]],
      [7, ["e"]],
    ]);
  });

  it("of one empty cell in quotes are read, and empty lines are not", async () => {
    expect(await allRows('""\n\n""\r\n\r\n""')).toEqual([
      [1, [""]],
      [3, [""]],
      [5, [""]],
    ]);
  });

  it("of any number of cells are yielded unchanged, without an error for each", async () => {
    const watched = watchParsers();
    const expected = [
      [1, ["a", "b"]],
      [2, ["c"]],
      [4, ["d,", "", "e", ""]],
    ];
    expect(await allRows('a,b\nc\n\n"d,",,e,\n')).toEqual(expected);
    expect(watched.pieces).toBe(0);
    expect(await allRows('a,b\rc\r\r"d,",,e,\r')).toEqual(expected);
    expect(watched).toMatchObject({ pieces: 2, miscounted: 0 });
  });

  it("are read at most one chunk ahead", async () => {
    const rows = readRows(fileWith(temp, "rows.csv", "some text\n".repeat(100_000)), ",");
    expect((await rows.next()).value).toHaveLength(Math.floor(chunkBytes / "some text\n".length));
    await rows.return(undefined);
  });
});
