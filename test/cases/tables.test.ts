/** Tables as Excel, pandas, Python and JSON write them, and numbers that JavaScript cannot keep. */

import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CsvOptions, csv, deadLetters, type Input, jsonl } from "../../src/index.js";
import { fileWith, tempFolder } from "../helpers/files.js";
import { recordedRun } from "../helpers/recorded-run.js";

const temp = tempFolder();
const at = (name: string) => join(import.meta.dirname, "files/tables", name);
const table = (content: string | Uint8Array) => fileWith(temp, "table.csv", content);
const read = (content: string | Uint8Array, options?: CsvOptions) => recordedRun(csv(table(content), options));
const plain = ({ id, text, concepts }: Input) => [id, text, concepts.map((concept) => concept.id)];
const fish = [
  ["r-1", "Fresh fish", ["positive"]],
  ["r-2", "Late ferry", ["negative"]],
];

describe("tables that Excel writes", () => {
  it.each([
    "trailing-one",
    "trailing-three",
    "trailing-rows-only",
    "blank-rows",
    "sep-semicolon",
    "sep-bom",
    "sep-comma",
    "sep-quoted",
    "sep-tab-utf16",
    "unicode-text",
    "plain-semicolon",
  ])(
    "are read without empty rows and columns, with the delimiter of the line sep= or of the header: %s.csv",
    async (name) => {
      const { inputs, report } = await recordedRun(csv(at(`excel/${name}.csv`)));
      expect(report.counts).toMatchObject({ read: 2, ok: 2 });
      expect(inputs.map(plain)).toEqual(fish);
    },
  );

  it("may have rows of spaces, which are ignored", async () => {
    const { inputs } = await recordedRun(csv(at("excel/blank-rows-spaces.csv")));
    expect(inputs.map(plain)).toEqual(fish.slice(0, 1));
  });

  it("count lines as an editor does, including a line sep= before the header", async () => {
    const { report } = await read('sep=;\ninputid;input;metadata\nr-1;a;\n\nr-2;b;"{"\n');
    expect(report.failures).toMatchObject([{ origin: expect.stringMatching(/:5$/), code: "ERR_CSV_METADATA" }]);
  });

  it("fail only the row with content in a column without a name", async () => {
    const { inputs, report } = await read("inputid,input,\nr-1,a,\nr-2,b,lost\n");
    expect(inputs.map(({ id }) => id)).toEqual(["r-1"]);
    expect(report.failures).toMatchObject([{ code: "ERR_CSV_ROW", reason: expect.stringContaining('"lost"') }]);
  });

  it("fail a row that is cut, and a row with more cells than the header, instead of moving its cells", async () => {
    const { inputs, report } = await read("inputid,input,concepts\nr-1,a,cat\nr-2,b,cat,dog\nr-3,c\n");
    expect(inputs.map(({ id }) => id)).toEqual(["r-1"]);
    expect(report.failures.map(({ code }) => code)).toEqual(["ERR_CSV_ROW", "ERR_CSV_ROW"]);
  });

  it("use the option delimiter rather than the one of the line sep=", async () => {
    const { inputs } = await read("sep=;\ninputid,input\nr-1,a;b\n", { delimiter: "," });
    expect(inputs.map(({ text }) => text)).toEqual(["a;b"]);
  });

  it("refuse a header that names a column twice, also for map", async () => {
    await expect(read("a,b,a\n1,2,3\n", { map: ({ b }) => ({ text: b }) })).rejects.toMatchObject({
      code: "ERR_CSV_COLUMNS",
    });
  });
});

describe("concepts in a cell", () => {
  it.each([
    ["['cat', 'dog']", ["cat", "dog"]],
    ['["cat","dog"]', ["cat", "dog"]],
    ["cat, dog ,,", ["cat", "dog"]],
    ["[\"cat, big\", 'it\\'s']", ["cat, big", "it's"]],
    ["['caf\\xe9', '\\U0001F30A']", ["café", "🌊"]],
    ["[1, 20]", ["1", "20"]],
    ["[]", []],
    ["nan", []],
    ["None", []],
    ["<NA>", []],
    ["cat;dog", ["cat;dog"]],
  ])("%s are %j", async (cell, ids) => {
    const { inputs } = await read(`input,concepts\na,"${cell.replaceAll('"', '""')}"\n`);
    expect(inputs[0]?.concepts.map(({ id }) => id)).toEqual(ids);
  });

  it.each(["['cat' 'dog']", "[cat, dog]", "['cat', None]", "[['cat']]", "['cat', nan]", '[""]', "[1.5]"])(
    "%s fail their row by name",
    async (cell) => {
      const { inputs, report } = await read(`input,concepts\na,"${cell.replaceAll('"', '""')}"\nb,cat\n`);
      expect(inputs.map(({ text }) => text)).toEqual(["b"]);
      expect(report.failures).toMatchObject([
        { code: "ERR_CSV_CONCEPTS", reason: expect.stringContaining("column concepts") },
      ]);
    },
  );
});

describe("metadata in a cell", () => {
  const cellOf = (text: string) => `"${text.replaceAll('"', '""')}"`;
  it.each<[string, unknown]>([
    ["{'a': True, 'b': None, 'c': [False, 'True None']}", { a: true, b: null, c: [false, "True None"] }],
    ["{'None': 1}", { None: 1 }],
    ["nan", {}],
    ["None", {}],
    [
      '{"big": 9007199254740992, "round": 1e23, "third": 0.3333333333333333333}',
      { big: 2 ** 53, round: 1e23, third: 1 / 3 },
    ],
    ['{"price": 0.1000000000000000055511151231257827}', { price: 0.1 }],
    ['{"tweet_id": "1546130668394913822"}', { tweet_id: "1546130668394913822" }],
  ])("%s is kept exactly", async (cell, metadata) => {
    const { inputs } = await read(`input,metadata\na,${cellOf(cell)}\n`);
    expect(inputs[0]?.metadata).toEqual(metadata);
  });

  it.each([
    ['{"tweet_id": 1546130668394913822}', "tweet_id: the number 1546130668394913822"],
    ["{'ids': [1, -9007199254740993]}", "-9007199254740993"],
    ['{"n": 1e400}', "n: the number 1e400"],
    ['{"n": 1e-400}', "1e-400"],
    ['{"n": 12345678901234567890.5}', "12345678901234567890.5"],
    ["{'n': nan}", "nan"],
    ["{'n': -inf}", "-inf"],
    ["{n: Infinity}", "Infinity"],
  ])("%s fails its row by name", async (cell, named) => {
    const { inputs, report } = await read(`input,metadata\na,${cellOf(cell)}\nb,{}\n`);
    expect(inputs.map(({ text }) => text)).toEqual(["b"]);
    expect(report.failures).toMatchObject([{ code: "ERR_NUMBER", reason: expect.stringContaining(named) }]);
    expect(report.failures[0]?.reason).toContain("column metadata");
  });

  it("nested 50,000 levels deep fails only its row", async () => {
    for (const [open, close] of ["[]", "{'a':}"].map((pair) => [pair.slice(0, -1), pair.slice(-1)])) {
      const cell = `{"a":${open?.repeat(50_000)}1${close?.repeat(50_000)}}`;
      const { inputs, report } = await read(`input,metadata\na,${cellOf(cell)}\nb,{}\n`);
      expect(inputs.map(({ text }) => text)).toEqual(["b"]);
      expect(report.counts).toMatchObject({ ok: 1, failed: 1 });
    }
  });
});

describe("numbers in JSON Lines", () => {
  it("beyond 2^53 fail their line with key and value, and the other lines are read", async () => {
    const lines = [
      '{"id":"j-1","text":"tweet","metadata":{"tweet_id":1546130668394913822}}',
      '{"id":"j-2","text":"1546130668394913822 in a text, and \\"9007199254740993\\""}',
    ];
    const { inputs, report } = await recordedRun(jsonl(fileWith(temp, "big.jsonl", `${lines.join("\n")}\n`)));
    expect(inputs.map(({ id }) => id)).toEqual(["j-2"]);
    expect(report.failures).toMatchObject([
      { code: "ERR_NUMBER", reason: expect.stringContaining("tweet_id: the number 1546130668394913822") },
    ]);
  });
});

describe("encodings of tables", () => {
  const content = 'inputid,input\nr-1,café 🌊\nr-2,"last, cell"\n';

  it.each(["utf16le", "big"])("UTF-16 (%s), cut in the middle of a character, fails the cut row", async (order) => {
    const bytes = Buffer.from(`\uFEFF${content.trimEnd()}`, "utf16le");
    if (order === "big") bytes.swap16();
    const whole = await read(bytes);
    expect(whole.inputs.map(({ text }) => text)).toEqual(["café 🌊", "last, cell"]);
    const { inputs, report } = await read(
      Buffer.from(`\uFEFFinputid,input\nr-1,a\nr-2,cut`, "utf16le").subarray(0, -1),
    );
    expect(inputs.map(({ text }) => text)).toEqual(["a"]);
    expect(report.failures).toMatchObject([{ code: "ERR_CSV_ROW", reason: expect.stringContaining("truncated") }]);
  });

  it("half of a surrogate pair in UTF-16 fails its row", async () => {
    const { inputs, report } = await read(
      Buffer.from("\uFEFFinputid,input\nr-1,a\uD83C\nr-2,b\uDF0Ac\nr-3,c\n", "utf16le"),
    );
    expect(inputs.map(({ id }) => id)).toEqual(["r-3"]);
    expect(report.counts.failed).toBe(2);
  });

  it("a CSV, a JSON Lines file and dead letters are read from a pipe as from a file", async () => {
    const letter = { origin: "a", stage: "upload", code: "X", reason: "x", input: { text: "c" } };
    const sources = { csv, jsonl, deadLetters };
    const contents = { csv: content, jsonl: '{"text":"b"}\n', deadLetters: `${JSON.stringify(letter)}\n` };
    const texts = { csv: ["café 🌊", "last, cell"], jsonl: ["b"], deadLetters: ["c"] };
    for (const name of ["csv", "jsonl", "deadLetters"] as const) {
      const pipe = join(temp, `${name}.pipe`);
      execFileSync("mkfifo", [pipe]);
      const writer = spawn("sh", ["-c", `cat > "${pipe}"`], { stdio: ["pipe", "ignore", "inherit"] });
      writer.stdin.end(contents[name]);
      const { inputs } = await recordedRun(sources[name](pipe));
      expect(inputs.map(({ text }) => text)).toEqual(texts[name]);
    }
  });

  it("a file is found if the table has its name in another Unicode form", async () => {
    const folder = join(temp, "unicode");
    mkdirSync(folder);
    writeFileSync(join(folder, "cafe\u0301.txt"), "decomposed");
    writeFileSync(join(folder, "na\u00EFve.txt"), "composed");
    writeFileSync(join(folder, "t.csv"), "input\ncaf\u00E9.txt\nnai\u0308ve.txt\nmissing.txt\n");
    const { inputs, report } = await recordedRun(csv(join(folder, "t.csv"), { input: "file" }));
    expect(inputs.map(({ text }) => text)).toEqual(["decomposed", "composed"]);
    expect(report.failures).toMatchObject([{ code: "ERR_FILE_UNREADABLE" }]);
  });
});

describe("coordinates in a CSV", () => {
  it.each<[string, unknown]>([
    ["4.4777,51.9244", { longitude: 4.4777, latitude: 51.9244 }],
    ["-1e1,+.5", { longitude: -10, latitude: 0.5 }],
    ["nan,nan", undefined],
    ["", undefined],
  ])("geopoints %j are %j", async (cell, geo) => {
    const { inputs } = await read(`input,geopoints\na,"${cell}"\n`);
    expect(inputs[0]?.geo).toEqual(geo);
  });

  it.each(["0x10,0x20", "4.4777,", "1_0,2", "Infinity,1", "4,4777,51,9244"])("geopoints %j fail", async (cell) => {
    const { report } = await read(`input,geopoints\na,"${cell}"\n`);
    expect(report.counts).toMatchObject({ ok: 0, failed: 1 });
  });

  it("with a decimal comma are read, and an empty pair of the portal's columns is no location", async () => {
    const columns = "input.data.text.raw;input.data.geo.geo_point.longitude;input.data.geo.geo_point.latitude";
    const { inputs } = await read(`${columns}\na;4,4777;51,9244\nb;;\nc;NaN;NaN\n`);
    expect(inputs.map(({ geo }) => geo)).toEqual([{ longitude: 4.4777, latitude: 51.9244 }, undefined, undefined]);
  });
});

it("a flow reads a table of 3,000 rows with every kind of row and loses none", async () => {
  const rows = Array.from({ length: 3000 }, (_, n) => [`r-${n},"text, ${n}",`, ",,", `r-${n},text,"['a','b']"`][n % 3]);
  const { report } = await read(`inputid,input,concepts\n${rows.join("\r\n")}\r\n`);
  expect(report.counts).toMatchObject({ read: 2000, ok: 2000 });
});
