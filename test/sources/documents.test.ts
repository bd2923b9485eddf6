import { copyFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { type DocumentsOptions, documents, flow, folder, type Input, splitText } from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { fileWith, folderWith, jpeg, tempFolder } from "../helpers/files.js";
import { itemsOf } from "../helpers/sources.js";
import { zipWith } from "../helpers/zips.js";

const temp = tempFolder();
const sample = (name: string) => join(import.meta.dirname, "../cases/files/documents", name);

/** Reads one document. Rejects with the code and the reason if it fails. */
async function read(path: string, options: DocumentsOptions = {}): Promise<Input> {
  const [item] = await itemsOf(documents(path, options));
  if (item && "input" in item) return item.input as Input;
  throw item && "error" in item ? item.error : new Error(JSON.stringify(item));
}

testSource("documents", async () => {
  const path = folderWith(temp, { "a.md": "# A", "b.html": "<p>b</p>", "c.txt": "c", "d.odt": "no", "e.jpg": "no" });
  copyFileSync(sample("pandoc.docx"), join(path, "f.docx"));
  const items = await itemsOf(documents(path));
  return { source: documents(path), ids: items.flatMap((item) => ("input" in item ? [String(item.input.id)] : [])) };
});

describe("documents", () => {
  it("reads a PDF page by page, with its properties, also in scripts that need tables of characters", async () => {
    const { text, metadata } = await read(sample("reportlab.pdf"));
    expect(text).toBe("Calm sea and prosperous voyage.\n水平線の向こう\n\nSecond page.");
    expect(metadata).toEqual({ filename: "reportlab.pdf", title: "Harbour log", author: "Ada Quay", pages: 3 });
    expect((await read(sample("restricted.pdf"))).text).toBe(text); // it only forbids printing
  });

  it("reads the DOCX of LibreOffice and of pandoc, with their properties", async () => {
    const office = await read(sample("libreoffice.docx"));
    expect(office.text).toContain("Harbour log\n\nCalm sea and prosperous voyage.\n\none boat\n\ntwo\n\nAurora\n\n12");
    expect(office.metadata).toEqual({ filename: "libreoffice.docx", title: "Harbour log & more" });
    const pandoc = await read(sample("pandoc.docx"));
    expect(pandoc.text).toContain("See the quay.\n\none boat");
    expect(pandoc.text).toContain("“quotes” — and ümlauts, 水平線.");
    expect(pandoc.metadata).toEqual({ filename: "pandoc.docx", title: "Harbour log", author: "Ada" });
  });

  it("reads what a reader of HTML sees", async () => {
    const html = `<!doctype html><title>Harbour &amp;
      log</title><meta name="author" content="Ada"><style>p{}</style><script>alert("script")</script>
      <h1>Harbour log</h1><p>Calm <b>sea</b> and\n prosperous voyage. <a href="https://example.com/x">Quay</a></p><ul><li>one</li></ul>
      <table><tr><td>Aurora</td><td>12</td></tr><tr><td>Ada</td><td>9</td></tr></table><noscript>no script</noscript>
      <template>template</template><p hidden>secret</p><!-- comment --><img src="x" alt="a boat"><pre>a\n  b</pre>`;
    const { text, metadata } = await read(fileWith(temp, "a.html", html));
    expect(text).toBe("Harbour log\n\nCalm sea and prosperous voyage. Quay\n\n * one\n\nAurora\t12\nAda\t9\n\na\n  b");
    expect(metadata).toEqual({ filename: "a.html", title: "Harbour & log", author: "Ada" });
  });

  it.each([
    [
      "a meta element",
      Buffer.from('<meta charset="windows-1252"><p>cr\xe8me br\xfbl\xe9e \x80', "latin1"),
      "crème brûlée €",
    ],
    [
      "an old meta element",
      Buffer.from('<meta http-equiv="Content-Type" content="text/html; charset=shift_jis">\x90\x85\x95\xbd', "latin1"),
      "水平",
    ],
    [
      "an XML declaration",
      Buffer.from('<?xml version="1.0" encoding="iso-8859-1"?><html><p>\xe9</p></html>', "latin1"),
      "é",
    ],
    ["a byte order mark", Buffer.from("\ufeff<p>Grüße 水</p>", "utf16le"), "Grüße 水"],
    ["none", Buffer.from("\ufeff<p>Grüße 水</p>"), "Grüße 水"],
  ])("decodes HTML whose encoding is named by %s", async (_, bytes, text) => {
    expect((await read(fileWith(temp, "a.html", bytes))).text).toBe(text);
  });

  it("keeps Markdown and plain texts as they are, and finds the title", async () => {
    const matter = '---\ntitle: "Harbour log"\nauthor: Ada\n---\n# Other\n';
    expect(await read(fileWith(temp, "a.md", matter))).toMatchObject({
      text: matter,
      metadata: { title: "Harbour log", author: "Ada" },
    });
    const cases = {
      "```\n# code\n```\n\n# Real #\n": "Real",
      "Title\n=====\n\ntext": "Title",
      "text\n\n## second": undefined,
    };
    for (const [text, title] of Object.entries(cases)) {
      const input = await read(fileWith(temp, "a.md", text));
      expect([input.text, input.metadata.title]).toEqual([text, title]);
    }
    expect((await read(fileWith(temp, "a.txt", "# no title"))).metadata).toEqual({ filename: "a.txt" });
  });

  it("finds files, skips and labels as folder does", async () => {
    const path = folderWith(temp, { "sub/a.md": "a", "sub/.b.md": "b", "c.jpg": await jpeg(), "d.md": "d" });
    symlinkSync(join(path, "d.md"), join(path, "link.md"));
    const options = { labels: "folder" as const, datasets: ["train"], exclude: "d.md" };
    const items = await itemsOf(documents(path, options));
    const [asFolder] = await flow(folder(path, { ...options, kinds: ["text"], include: "a.md" })).toArray();
    const found = Object.fromEntries(
      items.map((item) => [item.origin.slice(path.length + 1), "skipped" in item ? item.skipped : "read"]),
    );
    expect(found).toEqual({
      "sub/a.md": "read",
      "sub/.b.md": "hidden",
      "c.jpg": "not a document",
      "d.md": "excluded",
      "link.md": "symbolic link",
    });
    const [input] = items.flatMap((item) => ("input" in item ? [item.input] : []));
    expect(input).toMatchObject({ id: asFolder?.id, concepts: ["sub"], datasets: ["train"] });
  });

  it.each([
    ["locked.pdf", /^ERR_DOCUMENT_LOCKED .*locked\.pdf needs a password/],
    ["scan.pdf", /^ERR_DOCUMENT_EMPTY .*scan\.pdf has 2 pages and no text; it may be scanned/],
  ])("fails %s", async (name, expected) => {
    await expect(read(sample(name)).catch(({ code, message }) => `${code} ${message}`)).resolves.toMatch(expected);
  });

  it.each([
    ["a.pdf", "%PDF-1.7 broken", /^ERR_DOCUMENT .*it is not a PDF, or is damaged/],
    ["a.docx", "no zip", /^ERR_DOCUMENT .*it is not a DOCX, or is damaged/],
    [
      "a.docx",
      Buffer.from("d0cf11e0a1b11ae100", "hex"),
      /^ERR_DOCUMENT_LOCKED .*protected by a password, or is a document of the old format/,
    ],
    ["a.odt", "PK", /^ERR_DOCUMENT_FORMAT .*\.odt are not read; convert it/],
    ["a.xlsx", "PK", /^ERR_DOCUMENT_FORMAT .*\.xlsx are not read/],
    ["a.html", "<script>1</script>", /^ERR_DOCUMENT_EMPTY .*a\.html has no text/],
    ["a.html", '<meta charset="klingon">x', /^ERR_TEXT_ENCODING .*the encoding "klingon", which is not known/],
    ["a.html", Buffer.from([0x3c, 0x70, 0x3e, 0xe9, 0x20]), /^ERR_TEXT_ENCODING .*a\.html is not UTF-8/],
    ["a.md", Buffer.from([0xe9, 0x20, 0x41]), /^ERR_TEXT_ENCODING .*a\.md/],
    ["a.md", "", /^ERR_FILE_EMPTY .*a\.md is empty/],
    ["a.md", "x".repeat(101), /^ERR_ITEM_TOO_LARGE .*has 101 bytes; the limit of documents is 100 \(maxBytes\)/],
  ])("fails only a document that cannot be read: %s %#", async (name, content, expected) => {
    const path = folderWith(temp, { [name]: content, "good.md": "good" });
    const report = await flow(documents(path, { maxBytes: 100 })).run();
    expect(report.failures.map(({ code, reason }) => `${code} ${reason}`)).toEqual([expect.stringMatching(expected)]);
    expect(report.counts).toMatchObject({ read: 2, ok: 1 });
  });

  it("fails a DOCX that would fill the memory, also if it lies about its size", async () => {
    const path = await zipWith(temp, { "word/document.xml": "<w:document/>" }, "bomb.docx");
    await expect(read(path)).rejects.toMatchObject({ code: "ERR_DOCUMENT" });
    writeFileSync(join(temp, "big.docx"), bombOf(200_000_001, 1000));
    await expect(read(join(temp, "big.docx"))).rejects.toThrow("more than 200000000 bytes when it is unpacked");
  });

  it("names the command that installs a missing package, and reads the other documents", async () => {
    vi.doMock("mammoth", () => {
      throw Object.assign(new Error("Cannot find package 'mammoth' imported from /app"), {
        code: "ERR_MODULE_NOT_FOUND",
      });
    });
    try {
      const path = folderWith(temp, { "good.md": "good" });
      copyFileSync(sample("pandoc.docx"), join(path, "a.docx"));
      const report = await flow(documents(path)).run();
      expect(report.failures).toMatchObject([
        { code: "ERR_PACKAGE_MISSING", reason: expect.stringContaining("npm install mammoth@1") },
      ]);
      expect(report.counts.ok).toBe(1);
    } finally {
      vi.doUnmock("mammoth");
    }
  });

  it("is resumed without reading finished documents, under other keys than folder", async () => {
    const path = folderWith(temp, { "a.md": "one", "b.md": "two" });
    const journal = join(temp, "documents.journal");
    const run = (source = documents(path)) => flow(source).run({ journal });
    expect((await run()).counts).toMatchObject({ ok: 2 });
    writeFileSync(join(path, "b.md"), "two, changed");
    expect((await run()).counts).toMatchObject({ ok: 1, skipped: 1 });
    expect((await run(folder(path))).counts).toMatchObject({ ok: 2 });
  });

  it("has chunks whose positions are those of the text", async () => {
    const path = fileWith(temp, "a.html", `<h1>One</h1>${"<p>Calm sea and prosperous voyage.</p>".repeat(9)}`);
    const { text } = await read(path);
    const chunks = await flow(documents(path))
      .pipe(splitText({ maxChars: 80 }))
      .toArray();
    expect(chunks.map((chunk) => chunk.text).join("")).toBe(text);
    expect(chunks[1]?.metadata).toMatchObject({
      filename: "a.html",
      chunk: { part: 2, start: chunks[0]?.text?.length },
    });
  });
});

/** Makes a zip with one deflated entry of zeros, whose directory names another size. */
function bombOf(size: number, said: number): Buffer {
  const packed = deflateRawSync(Buffer.alloc(size), { level: 1 });
  const name = Buffer.from("word/document.xml");
  const fields = (at: number, buffer: Buffer) => {
    buffer.writeUInt16LE(20, at);
    buffer.writeUInt16LE(8, at + 4);
    buffer.writeUInt32LE(packed.length, at + 14);
    buffer.writeUInt32LE(said, at + 18);
    buffer.writeUInt16LE(name.length, at + 22);
    return buffer;
  };
  const local = fields(4, Buffer.alloc(30));
  local.writeUInt32LE(0x04034b50, 0);
  const central = fields(6, Buffer.alloc(46));
  central.writeUInt32LE(0x02014b50, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length + name.length, 12);
  end.writeUInt32LE(local.length + name.length + packed.length, 16);
  return Buffer.concat([local, name, packed, central, name, end]);
}
