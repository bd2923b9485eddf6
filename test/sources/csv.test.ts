import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { type CsvMap, type CsvOptions, csv, flow, SourceError } from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { example, fileWith, folderWith, jpeg, openIn, tempFolder } from "../helpers/files.js";
import { sinkOf } from "../helpers/flows.js";
import { propertyRuns } from "../helpers/long.js";
import { draftsOf, itemsOf, pull } from "../helpers/sources.js";

const temp = tempFolder();
const photo = await jpeg();
const csvWith = (content: string | Uint8Array) => fileWith(temp, "rows.csv", content);
const rowsOf = (content: string | Uint8Array, options?: CsvOptions) => draftsOf(csv(csvWith(content), options));

/** The outcome of each row: its line, and its input or its error. */
async function linesOf(content: string | Uint8Array, options?: CsvOptions) {
  const items = await itemsOf(csv(csvWith(content), options));
  return items.map((item) => {
    const line = Number(item.origin.split(":").at(-1));
    if ("input" in item) return { line, input: item.input };
    if ("skipped" in item) return { line, skipped: item.skipped };
    return { line, code: (item.error as { code?: string }).code, text: item.error.message };
  });
}

testSource("csv", async () => ({
  source: csv(csvWith("inputid,input\na,one\nb,two\nc,three\n")),
  ids: ["a", "b", "c"],
}));

describe("the columns inputid, input, concepts, metadata, geopoints", () => {
  it("make an input each", async () => {
    const [first] = await rowsOf(
      "inputid,input,concepts,metadata,geopoints\na,calm sea,\"sea, calm ,,\",''\n".replace(
        "''",
        '"{""n"": 1}","4.5,-52"',
      ),
    );
    expect(first).toEqual({
      id: "a",
      text: "calm sea",
      concepts: [{ id: "sea" }, { id: "calm" }],
      metadata: { n: 1 },
      geo: { longitude: 4.5, latitude: -52 },
    });
  });

  it("may be in any order, and may be missing", async () => {
    expect(await rowsOf("concepts,input\nsea,calm\n")).toEqual([{ text: "calm", concepts: [{ id: "sea" }] }]);
  });

  it("ignore empty cells", async () => {
    expect(await rowsOf("inputid,input,concepts,metadata,geopoints\na,text,,  ,\n,text,,,\n")).toEqual([
      { id: "a", text: "text" },
      { text: "text" },
    ]);
  });

  it("get the same id in every run if they have none", async () => {
    const path = csvWith("input\none\ntwo\n");
    const first = (await flow(csv(path)).toArray()).map((input) => input.id);
    expect(new Set(first).size).toBe(2);
    expect((await flow(csv(path)).toArray()).map((input) => input.id)).toEqual(first);
  });

  it("are read from the example, with commas, quotes and line breaks in its cells", async () => {
    const inputs = await flow(csv(example("reviews.csv"))).toArray();
    expect(inputs.slice(0, 3).map((input) => [input.id, input.text?.includes("\n"), input.metadata])).toEqual([
      ["review-1", false, { stars: 5, source: "guest book" }],
      ["review-2", true, { stars: 2 }],
      ["review-3", false, { stars: 1, note: "owner's day off" }],
    ]);
  });

  it("contain URLs, whose kind comes from the extension or the option", async () => {
    const content =
      "input\nhttps://a.test/x.jpg\nhttps://a.test/y.mp4?s=1\nhttps://a.test/z.txt\nhttps://a.test/none\n";
    expect(await linesOf(content, { input: "url" })).toMatchObject([
      { input: { image: { url: "https://a.test/x.jpg" } } },
      { input: { video: { url: "https://a.test/y.mp4?s=1" } } },
      { input: { textUrl: "https://a.test/z.txt" } },
      { line: 5, code: "ERR_KIND_UNKNOWN" },
    ]);
    const audio = await rowsOf("input\nhttps://a.test/none\n", { input: "url", kind: "audio" });
    expect(audio).toEqual([{ audio: { url: "https://a.test/none" } }]);
  });

  it("fail an invalid URL, or one with a password, alone", async () => {
    const content = "input\nno url\nftp://a.test/x.jpg\nhttps://me:secret@a.test/x.jpg\nhttps://a.test/x.jpg\n";
    const lines = await linesOf(content, { input: "url" });
    expect(lines.map((row) => row.code)).toEqual(["ERR_URL", "ERR_URL_SCHEME", "ERR_URL_CREDENTIALS", undefined]);
    expect(JSON.stringify(lines)).not.toContain("secret");
  });
});

describe("files named in a CSV", () => {
  it("are read relative to its folder, and identified by their content", async () => {
    const folder = folderWith(temp, {
      "rows.csv": "inputid,input\na,photos/a.txt\nb,./b.csv\n",
      "photos/a.txt": photo,
      "b.csv": "calm sea",
    });
    const drafts = await draftsOf(csv(join(folder, "rows.csv"), { input: "file" }));
    expect(drafts).toMatchObject([
      { id: "a", image: { width: 32 } },
      { id: "b", text: "calm sea" },
    ]);
  });

  it("fail alone if they are missing, empty, a folder, of no known kind or too long as text", async () => {
    const folder = folderWith(temp, {
      "rows.csv": "input\nmissing.jpg\nempty.jpg\nsub\nnoise.bin\nlong.txt\ngood.txt\n",
      "empty.jpg": "",
      "sub/a.txt": "a",
      "noise.bin": Buffer.from([0, 1, 2, 3, 4, 255, 0, 7]),
      "long.txt": Buffer.alloc(20_000_000, "a"),
      "good.txt": "good",
    });
    const items = await itemsOf(csv(join(folder, "rows.csv"), { input: "file" }));
    expect(items.map((item) => ("error" in item ? (item.error as { code?: string }).code : "read"))).toEqual([
      "ERR_FILE_UNREADABLE",
      "ERR_FILE_EMPTY",
      "ERR_NOT_A_FILE",
      "ERR_KIND_UNKNOWN",
      "ERR_ITEM_TOO_LARGE",
      "read",
    ]);
  });

  it.each(["../secret.txt", "/etc/hostname", "a/../../secret.txt", "../files-evil/secret.txt"])(
    "fail alone if they lie outside of the root: %s",
    async (name) => {
      const [row, good] = await linesOf(`input\n${name}\nrows.csv\n`, { input: "file" });
      expect(row).toMatchObject({ line: 2, code: "ERR_PATH_OUTSIDE" });
      expect(row?.text).toContain(name);
      expect(good?.input).toBeDefined();
    },
  );

  it("fail alone if they lie in a sibling folder whose name begins like the root's", async () => {
    const folder = folderWith(temp, { "root/rows.csv": "input\n../root-2/a.txt\n", "root-2/a.txt": "a" });
    const items = await itemsOf(csv(join(folder, "root/rows.csv"), { input: "file" }));
    expect(items).toMatchObject([{ error: { code: "ERR_PATH_OUTSIDE" } }]);
  });

  it("may lie in the folder of the option root", async () => {
    const folder = folderWith(temp, { "tables/rows.csv": "input\nphotos/a.txt\n", "photos/a.txt": "a" });
    const drafts = await draftsOf(csv(join(folder, "tables/rows.csv"), { input: "file", root: folder }));
    expect(drafts).toMatchObject([{ text: "a" }]);
  });

  it("do not end the run when both the file and the metadata of a row are wrong", async () => {
    const path = csvWith("input,metadata\nmissing.jpg,[1]\nmissing.jpg,nothing\nmissing.jpg,{'a': 1}\n");
    const { counts } = await flow(csv(path, { input: "file" })).run();
    expect(counts).toMatchObject({ read: 3, failed: 3 });
  });
});

describe("the columns of the portal's template", () => {
  it("make an input", async () => {
    const header =
      "input.id,input.data.image.url,input.data.concepts[0].id,input.data.concepts[0].value,input.data.concepts[1].value,input.data.concepts[1].id,input.metadata,input.data.geo.geo_point.longitude,input.data.geo.geo_point.latitude";
    const [draft] = await rowsOf(`${header}\na,https://a.test/x,sea,1,0,land,{},-120.5,45\n`);
    expect(draft).toEqual({
      id: "a",
      image: { url: "https://a.test/x" },
      concepts: [
        { id: "sea", value: 1 },
        { id: "land", value: 0 },
      ],
      metadata: {},
      geo: { longitude: -120.5, latitude: 45 },
    });
  });

  it("may contain text, and every kind of URL", async () => {
    const header = ["text.raw", "text.url", "audio.url", "video.url"].map((name) => `input.data.${name}`).join(",");
    const content = `${header}\ncalm,,,\n,https://a.test/t,,\n,,https://a.test/a,\n,,,https://a.test/v\n`;
    expect(await rowsOf(content)).toEqual([
      { text: "calm" },
      { textUrl: "https://a.test/t" },
      { audio: { url: "https://a.test/a" } },
      { video: { url: "https://a.test/v" } },
    ]);
  });

  it("may contain an image together with its text", async () => {
    const content = "input.data.image.url,input.data.text.raw\nhttps://a.test/x.jpg,a pier\n";
    expect(await rowsOf(content)).toEqual([{ image: { url: "https://a.test/x.jpg" }, text: "a pier" }]);
  });

  it("leave out concepts without a name", async () => {
    const content =
      "input.data.text.raw,input.data.concepts[0].id,input.data.concepts[0].value,input.data.concepts[7].id\na,,1,sea\n";
    expect(await rowsOf(content)).toEqual([{ text: "a", concepts: [{ id: "sea" }] }]);
  });

  it.each(["2", "-1", "yes", "NaN"])("name line and column of an invalid value of a concept: %s", async (value) => {
    const content = `input.data.text.raw,input.data.concepts[0].id,input.data.concepts[0].value\na,sea,${value}\n`;
    const [row] = await linesOf(content);
    expect(row).toMatchObject({ line: 2, code: "ERR_CSV_NUMBER" });
    expect(row?.text).toContain("input.data.concepts[0].value");
    expect(row?.text).toContain(value);
  });
});

describe("a map of rows", () => {
  const map: CsvMap = (row, { line }) => {
    if (row.n === "2") return null;
    if (row.n === "3") throw new Error("no third");
    return { text: `${row.file} ${row.label} ${line}` };
  };

  it.each<[string, CsvMap]>([
    ["at once", map],
    ["later", async (row, context) => map(row, context)],
  ])("accepts any columns, skips rows, and fails alone, %s", async (_, made) => {
    const content = 'file, label ,n\na.jpg,"x, y",1\nb.jpg,,2\nc.jpg,z,3\n';
    const lines = await linesOf(content, { map: made });
    expect(lines).toEqual([
      { line: 2, input: { text: "a.jpg x, y 2" } },
      { line: 3, skipped: "skipped by map" },
      { line: 4, code: "ERR_CSV_ROW", text: "no third" },
    ]);
  });

  it("reads the example of images with boxes", async () => {
    const seen: string[] = [];
    await itemsOf(csv(example("photos.csv"), { map: (row) => void seen.push(`${row.file} ${row.box}`) as undefined }));
    expect(seen).toHaveLength(4);
    expect(seen[0]).toBe("harbour/quay.jpg 0.125 0.5 0.234 0.714");
  });
});

describe("formats of a CSV", () => {
  const content = 'inputid,input\na,"Käse, ""alt"" 🧀"\nb,Ω\n';
  const expected = [
    { id: "a", text: 'Käse, "alt" 🧀' },
    { id: "b", text: "Ω" },
  ];
  const bigEndian = (text: string) => Buffer.from(text, "utf16le").swap16();

  it.each<[string, Uint8Array]>([
    ["UTF-8", Buffer.from(content)],
    ["UTF-8 with a byte order mark", Buffer.from(`\uFEFF${content}`)],
    ["UTF-16 LE with a byte order mark", Buffer.from(`\uFEFF${content}`, "utf16le")],
    ["UTF-16 BE with a byte order mark", bigEndian(`\uFEFF${content}`)],
    ["UTF-16 LE without one", Buffer.from(content, "utf16le")],
    ["UTF-16 BE without one", bigEndian(content)],
  ])("%s", async (_, bytes) => {
    expect(await rowsOf(bytes)).toEqual(expected);
  });

  it("may end lines with CRLF, LF or CR, with and without a last one, and with empty lines", async () => {
    for (const end of ["\r\n", "\n", "\r"]) {
      const lines = await linesOf(["inputid,input", "a,one", "", "b,two", "", ""].join(end));
      expect(lines).toEqual([
        { line: 2, input: { id: "a", text: "one" } },
        { line: 4, input: { id: "b", text: "two" } },
      ]);
      expect(await rowsOf(`input${end}one${end}two`)).toEqual([{ text: "one" }, { text: "two" }]);
    }
  });

  it("may have any single character as its delimiter", async () => {
    for (const delimiter of [";", "\t", "|", "¦", "；"]) {
      const rows = await rowsOf(`inputid${delimiter}input\na${delimiter}"x${delimiter},y"\n`, { delimiter });
      expect(rows).toEqual([{ id: "a", text: `x${delimiter},y` }]);
    }
    expect(() => csv("x.csv", { delimiter: '"' })).toThrow(/delimiter/);
    expect(() => csv("x.csv", { delimiter: ",," })).toThrow(/delimiter/);
  });

  it("may not be another encoding: a row with such bytes fails alone, with line and column", async () => {
    const latin = Buffer.from("inputid,input\na,fine\nb,caf\xe9\nc,fine\n", "latin1");
    const lines = await linesOf(latin);
    expect(lines).toMatchObject([{ input: { id: "a" } }, { line: 3, code: "ERR_CSV_ROW" }, { input: { id: "c" } }]);
    expect(lines[1]?.text).toMatch(/line 3, column input: .*UTF-8/);
  });
});

describe("quoted cells", () => {
  it("may contain commas, quotes and line breaks of every kind, and errors name the first line of the row", async () => {
    const lines = await linesOf('inputid,input\r\na,"x, ""y""\r\n\nz"\r\nb,two\r\n');
    expect(lines).toEqual([
      { line: 2, input: { id: "a", text: 'x, "y"\r\n\nz' } },
      { line: 5, input: { id: "b", text: "two" } },
    ]);
  });

  const broken: [string, string, string][] = [
    ["text after the closing quote", '3,"x"y', "column input"],
    ["a quote inside of a cell without quotes", '3,x"y', "column input"],
    ["quotes that are not doubled", '3,"she said "hi" to me"', "column input"],
    ["a quote that is never closed", '3,"xy', "column input"],
    ["a quote that is never closed in the first cell", '"3,xy', "column inputid"],
    ["a cell too many", "3,x,y", "3 cells, the header 2"],
    ["a cell too few", "3", "1 cells, the header 2"],
  ];

  it.each(broken)("broken by %s fail one row in the middle, and the other rows are read", async (_, row, named) => {
    const lines = await linesOf(`inputid,input\n1,one\n2,"two ""2"""\n${row}\n4,four\n5,"five, 5"\n6,six\n`);
    expect(lines.map(({ line, input, code }) => [line, input?.id ?? code])).toEqual([
      [2, "1"],
      [3, "2"],
      [4, "ERR_CSV_ROW"],
      [5, "4"],
      [6, "5"],
      [7, "6"],
    ]);
    expect(lines[2]?.text).toContain("line 4");
    expect(lines[2]?.text).toContain(named);
  });

  it("broken at the end fail the last row only", async () => {
    for (const [, row] of broken) {
      for (const end of ["", "\n"]) {
        const lines = await linesOf(`inputid,input\n1,one\n2,two\n${row}${end}`);
        expect(lines.map(({ input, code }) => input?.id ?? code)).toEqual(["1", "2", "ERR_CSV_ROW"]);
      }
    }
  });

  it("that are never closed, in a file of many pieces, fail one row of 60,000", async () => {
    const rows = Array.from({ length: 60_000 }, (_, n) => (n === 20_000 ? `${n},"open` : `${n},text ${n}`));
    const { counts, failures } = await flow(csv(csvWith(`inputid,input\n${rows.join("\n")}\n`))).run();
    expect(counts).toMatchObject({ read: 60_000, ok: 59_999, failed: 1 });
    expect(failures[0]?.origin).toMatch(/:20002$/);
  });

  it("without an end fail at the maximum row length, and reading continues", async () => {
    const filler = `${"x".repeat(99_999)}\n`.repeat(260);
    const lines = await linesOf(`input\n"open\n${filler}last\n`);
    expect(lines[0]).toMatchObject({ line: 2, code: "ERR_CSV_ROW" });
    expect(lines).toHaveLength(262);
    expect(lines.at(-1)?.input).toEqual({ text: "last" });
  });

  it("of any rows are read as a CSV writer wrote them", async () => {
    const cell = fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc
        .array(fc.constantFrom('"', ",", "\n", "\r", "\r\n", " ", "a", "é", "🌊", "\uFEFF", "\uFFFD"), { maxLength: 8 })
        .map((parts) => parts.join("")),
    );
    const written = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 12 }),
        fc.constantFrom("\n", "\r\n"),
        fc.constantFrom<BufferEncoding>("utf8", "utf16le"),
        async (rows, end, encoding) => {
          const text = [["a", "b", "c"], ...rows].map((row) => row.map(written).join(",")).join(end) + end;
          const read: string[][] = [];
          const map = ({ a = "", b = "", c = "" }: Record<string, string>) => void read.push([a, b, c]) as undefined;
          const path = csvWith(Buffer.from(`\uFEFF${text}`, encoding));
          const items = await itemsOf(csv(path, { map }));
          expect(read).toEqual(rows.filter((row) => !row.every((text) => /^[ \t\r\n]*$/.test(text))));
          expect(items.filter((item) => "error" in item)).toEqual([]);
        },
      ),
      propertyRuns(150),
    );
  });

  it("are read across the boundaries of chunks", async () => {
    const rows = Array.from({ length: 40 }, (_, n) => [`${n}`, `${'"🌊,\r\n'.repeat(6_000 + n)}${n}`]);
    const text = rows.map(([id, cell = ""]) => `${id},"${cell.replaceAll('"', '""')}"`).join("\r\n");
    const drafts = await rowsOf(`inputid,input\r\n${text}\r\n`);
    expect(drafts.map((draft) => [draft.id, draft.text])).toEqual(rows);
  });
});

describe("metadata in a cell", () => {
  const cellOf = (json: string) => `"${json.replaceAll('"', '""')}"`;
  it.each<[string, unknown]>([
    ['{"a": 1, "b": [true, null]}', { a: 1, b: [true, null] }],
    ["{'a': 'it\\'s'}", { a: "it's" }],
    ["{'note': \"owner's day\", 'n': 2}", { note: "owner's day", n: 2 }],
    ["{'quote': 'say \"hi\"'}", { quote: 'say "hi"' }],
  ])("is %s", async (json, metadata) => {
    expect(await rowsOf(`input,metadata\na,${cellOf(json)}\n`)).toEqual([{ text: "a", metadata }]);
  });

  it.each(["[1]", '"text"', "{'a': 1", "nothing", "true", "7"])(
    "that is not an object fails its row: %s",
    async (json) => {
      const [row, next] = await linesOf(`input,metadata\na,${cellOf(json)}\nb,{}\n`);
      expect(row).toMatchObject({ line: 2, code: "ERR_CSV_METADATA" });
      expect(row?.text).toContain("column metadata");
      expect(next?.input).toEqual({ text: "b", metadata: {} });
    },
  );
});

describe("geopoints in a cell", () => {
  it.each([
    ["51.9", "ERR_CSV_GEO", "51.9"],
    ["1,2,3", "ERR_CSV_GEO", "1,2,3"],
    ["4.5;51.9", "ERR_CSV_GEO", "4.5;51.9"],
    ["east,51.9", "ERR_CSV_NUMBER", "east"],
    ["4.5,", "ERR_CSV_NUMBER", ""],
    ["NaN,1", "ERR_CSV_NUMBER", "NaN"],
    ["Infinity,1", "ERR_CSV_NUMBER", "Infinity"],
    ["52.1,104.3", "ERR_CSV_GEO", "longitude comes first"],
    ["181,10", "ERR_CSV_GEO", "not a location on earth"],
    ["10,-200", "ERR_CSV_GEO", "not a location on earth"],
  ])("that are invalid fail their row: %s", async (cell, code, named) => {
    const [row, next] = await linesOf(`input,geopoints\na,"${cell}"\nb,"180,-90"\n`);
    expect(row).toMatchObject({ line: 2, code });
    expect(row?.text).toContain("column geopoints");
    expect(row?.text).toContain(named);
    expect(next?.input).toEqual({ text: "b", geo: { longitude: 180, latitude: -90 } });
  });

  it("need both numbers in the columns of the template", async () => {
    const header = "input.data.text.raw,input.data.geo.geo_point.longitude,input.data.geo.geo_point.latitude";
    const lines = await linesOf(`${header}\na,4.5,\nb,,51.9\nc,4.5,51.9\nd,52.1,104.3\n`);
    expect(lines.map((row) => row.code)).toEqual(["ERR_CSV_GEO", "ERR_CSV_GEO", undefined, "ERR_CSV_GEO"]);
  });
});

describe("a CSV that cannot be read", () => {
  it("rejects the run and names the unknown columns", async () => {
    const run = flow(csv(csvWith("inputid,colour\na,red\n"))).run();
    await expect(run).rejects.toThrow(SourceError);
    await expect(run).rejects.toMatchObject({ code: "ERR_CSV_COLUMNS", message: expect.stringContaining('"colour"') });
  });

  it.each(["constructor", "__proto__", "input.data.concepts[99999999].id", "Input"])(
    "rejects the column %j",
    async (column) => {
      await expect(itemsOf(csv(csvWith(`inputid,${column}\na,b\n`)))).rejects.toMatchObject({
        code: "ERR_CSV_COLUMNS",
        message: expect.stringContaining(`"${column}"`),
      });
    },
  );

  it.each([
    ["inputid;input", ",", /separated by ";": pass \{ delimiter: ";" \}/],
    ["inputid\tinput", ",", /separated by "\\t"/],
    ["inputid,Input", undefined, /did you mean "input"\? known are inputid,/],
    ["Input ID,input", undefined, /did you mean "inputid"\?/],
  ])("suggests the cause for the header %j", async (header, delimiter, text) => {
    await expect(itemsOf(csv(csvWith(`${header}\na\n`), { delimiter }))).rejects.toThrow(text);
  });

  it("rejects a repeated column, and a broken header", async () => {
    await expect(itemsOf(csv(csvWith("input,input\na,b\n")))).rejects.toThrow(/has the column "input" twice/);
    for (const header of ['inputid,"in"put', '"inputid,input']) {
      await expect(itemsOf(csv(csvWith(`${header}\na,b\n`)))).rejects.toMatchObject({ code: "ERR_CSV_COLUMNS" });
    }
  });

  it("rejects the run when it is missing, or a folder", async () => {
    for (const path of [join(temp, "missing.csv"), temp]) {
      const run = flow(csv(path)).run();
      await expect(run).rejects.toThrow(SourceError);
      await expect(run).rejects.toMatchObject({ code: "ERR_FILE_UNREADABLE", message: expect.stringContaining(path) });
    }
  });

  it("yields nothing when it is empty or has a header only", async () => {
    for (const content of ["", "\n", "\n\n", "\uFEFF", "inputid,input", "inputid,input\n\n"]) {
      expect(await rowsOf(content)).toEqual([]);
    }
  });
});

describe("reading a CSV", () => {
  const many = (count: number) => `input\n${Array.from({ length: count }, (_, n) => `text ${n}`).join("\n")}\n`;

  it.each<[string, BufferEncoding]>([
    ["UTF-8", "utf8"],
    ["UTF-16", "utf16le"],
  ])("closes the file on an early stop and at the end (%s)", async (_, encoding) => {
    const path = csvWith(Buffer.from(`\uFEFF${many(100_000)}`, encoding));
    const items = pull(csv(path));
    await items.next();
    expect(openIn(dirname(path))).toHaveLength(1);
    await items.return?.();
    await vi.waitFor(() => expect(openIn(dirname(path))).toEqual([]), { timeout: 20_000 });
    expect(await rowsOf("input\na\n")).toHaveLength(1);
    const small = csvWith("input\na\n");
    await itemsOf(csv(small));
    await vi.waitFor(() => expect(openIn(dirname(small))).toEqual([]), { timeout: 20_000 });
  });

  it("closes the file when the header is refused, and when the flow is stopped", async () => {
    const refused = csvWith(`colour\n${many(100_000)}`);
    await expect(itemsOf(csv(refused))).rejects.toThrow("colour");
    await vi.waitFor(() => expect(openIn(dirname(refused))).toEqual([]), { timeout: 20_000 });
    const path = csvWith(many(100_000));
    const abort = new AbortController();
    const report = await flow(csv(path))
      .pipe(sinkOf(() => abort.abort()))
      .run({ signal: abort.signal });
    expect(report.stopped).toBe(true);
    await vi.waitFor(() => expect(openIn(dirname(path))).toEqual([]), { timeout: 20_000 });
  });

  it("does not read ahead of the requests of the flow", async () => {
    let mapped = 0;
    const items = pull(csv(csvWith(many(1000)), { map: () => ({ text: String((mapped += 1)) }) }));
    for (let asked = 1; asked <= 5; asked += 1) {
      await items.next();
      expect(mapped).toBe(asked);
    }
    await items.return?.();
  });
});
