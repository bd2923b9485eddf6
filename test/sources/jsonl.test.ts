import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { flow, fromIterable, jsonl, SourceError, writeJsonl } from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { fileWith, jpeg, openIn, tempFolder } from "../helpers/files.js";
import { propertyRuns } from "../helpers/long.js";
import { draftsOf, itemsOf, pull } from "../helpers/sources.js";

const temp = tempFolder();
const linesWith = (content: string | Uint8Array) => fileWith(temp, "inputs.jsonl", content);

testSource("jsonl", async () => ({
  source: jsonl(linesWith('{"id":"a","text":"one"}\n{"id":"b","text":"two"}\n{"id":"c","text":"three"}\n')),
  ids: ["a", "b", "c"],
}));

describe("the lines of a JSON Lines file", () => {
  it("fail alone with their number if they are broken, and the other lines are read", async () => {
    const path = linesWith('{"id":"a","text":"one"}\n{"id":"b","text":\n{"id":"c","text":"three"}\n');
    const { counts, failures } = await flow(jsonl(path)).run();
    expect(counts).toMatchObject({ read: 3, ok: 2, failed: 1 });
    expect(failures).toMatchObject([{ origin: `${path}:2`, code: "ERR_JSON", stage: "jsonl" }]);
  });

  it.each(["null", "7", '"text"', "[]", "[1]", '{"colour":1}', '{"text":7}'])(
    "fail alone if they are not an input: %s",
    async (line) => {
      const path = linesWith(`${line}\n{"id":"c","text":"three"}\n`);
      const { counts, failures } = await flow(jsonl(path)).run();
      expect(counts).toMatchObject({ read: 2, ok: 1, failed: 1 });
      expect(failures).toMatchObject([{ origin: `${path}:1`, code: "ERR_INPUT_SHAPE" }]);
    },
  );

  it("that are dead letters fail with the name of the source that reads them", async () => {
    const line = '{"source":"csv","origin":"a.csv:2","stage":"batch","code":"ERR_X","input":{"text":"one"}}';
    const { failures } = await flow(jsonl(linesWith(`${line}\n`))).run();
    expect(failures).toMatchObject([
      { code: "ERR_INPUT_SHAPE", reason: expect.stringContaining("deadLetters(path)") as string },
    ]);
  });

  it("fail alone when they are not UTF-8", async () => {
    const path = linesWith(Buffer.from('{"text":"caf\xe9"}\n{"text":"fine"}\n\xff\n', "latin1"));
    const items = await itemsOf(jsonl(path));
    expect(items).toMatchObject([
      { error: { code: "ERR_TEXT_ENCODING" } },
      { input: { text: "fine" } },
      { error: { code: "ERR_TEXT_ENCODING" } },
    ]);
  });

  it("are ignored if they are empty, and still count in line numbers", async () => {
    const path = linesWith('\uFEFF\n\n{"text":"one"}\n   \t\n\r\n{"text":"two"}\n\n');
    const items = await itemsOf(jsonl(path));
    expect(items.map((item) => item.origin)).toEqual([`${path}:3`, `${path}:6`]);
  });

  it("may begin with a byte order mark and end in CRLF; the last one needs no line break", async () => {
    const path = linesWith('\uFEFF{"text":"one"}\r\n{"text":"two"}\r\n{"text":"three"}');
    expect(await draftsOf(jsonl(path))).toEqual([{ text: "one" }, { text: "two" }, { text: "three" }]);
  });

  it("end at line breaks only, not at the separators that JSON allows in strings", async () => {
    const text = "a\u2028b\u2029c\u0085d";
    expect(await draftsOf(jsonl(linesWith(`{"text":"${text}"}\n{"text":"e"}\n`)))).toEqual([{ text }, { text: "e" }]);
  });

  it("are read whole if they are longer than a chunk of the file", async () => {
    const texts = Array.from({ length: 20 }, (_, n) => "🌊 wave ".repeat(20_000 + n));
    const content = texts.map((text) => JSON.stringify({ text })).join("\n");
    expect((await draftsOf(jsonl(linesWith(content)))).map((draft) => draft.text)).toEqual(texts);
  });

  it("fail alone when they are longer than any input", async () => {
    const path = linesWith(Buffer.concat([Buffer.alloc(100_000_001, " "), Buffer.from('\n{"text":"after"}\n')]));
    const items = await itemsOf(jsonl(path));
    expect(items).toMatchObject([{ error: { code: "ERR_LINE_TOO_LONG" } }, { input: { text: "after" } }]);
  });

  it("restore what writeJsonl wrote, with all fields and bytes", async () => {
    const path = join(dirname(linesWith("")), "written.jsonl");
    const inputs = [
      {
        id: "a",
        text: "calm\nsea \u2028",
        metadata: { bytes: { base64: "aGk=" }, deep: [{ n: 1 }] },
        concepts: [{ id: "c", value: 0 }],
      },
      {
        id: "b",
        image: { bytes: new Uint8Array(await jpeg()), mimeType: "image/jpeg" },
        geo: { longitude: 1, latitude: 2 },
      },
      {
        id: "c",
        image: { url: "https://a.test/x.jpg" },
        annotations: [{ box: [0, 0, 1, 1] as [number, number, number, number], concepts: [] }],
      },
    ];
    await flow(fromIterable(inputs)).pipe(writeJsonl(path)).run();
    const before = await flow(fromIterable(inputs)).toArray();
    const after = await flow(jsonl(path)).toArray();
    const plain = (list: typeof before) =>
      list.map(({ image, ...rest }) => [
        rest,
        image && "bytes" in image ? Buffer.from(image.bytes).toString("hex") : image,
      ]);
    expect(plain(after)).toEqual(plain(before));
  });

  it("round-trip any text", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: "binary", maxLength: 40 }), { minLength: 1, maxLength: 20 }),
        fc.constantFrom("\n", "\r\n", "\n\n"),
        async (texts, end) => {
          const path = linesWith(texts.map((text) => JSON.stringify({ text })).join(end));
          expect((await draftsOf(jsonl(path))).map((draft) => draft.text)).toEqual(texts);
        },
      ),
      propertyRuns(60),
    );
  });
});

describe("reading a JSON Lines file", () => {
  it("rejects the run when it is missing, or a folder", async () => {
    for (const path of [join(temp, "missing.jsonl"), temp]) {
      const run = flow(jsonl(path)).run();
      await expect(run).rejects.toThrow(SourceError);
      await expect(run).rejects.toMatchObject({ code: "ERR_FILE_UNREADABLE", message: expect.stringContaining(path) });
    }
  });

  it("closes the file on an early stop, at the end and after an abort", async () => {
    const path = linesWith('{"text":"one"}\n'.repeat(100_000));
    const items = pull(jsonl(path));
    await items.next();
    expect(openIn(dirname(path))).toHaveLength(1);
    await items.return?.();
    await vi.waitFor(() => expect(openIn(dirname(path))).toEqual([]), { timeout: 20_000 });
    expect(await itemsOf(jsonl(path))).toHaveLength(100_000);
    const abort = new AbortController();
    const read: unknown[] = [];
    for await (const item of jsonl(path).read({ signal: abort.signal })) {
      read.push(item);
      abort.abort();
    }
    expect(read).toHaveLength(1);
    await vi.waitFor(() => expect(openIn(dirname(path))).toEqual([]), { timeout: 20_000 });
  });

  it("yields nothing of an empty file", async () => {
    for (const content of ["", "\n", "\uFEFF", "\r\n\r\n"])
      expect(await itemsOf(jsonl(linesWith(content)))).toEqual([]);
  });
});
