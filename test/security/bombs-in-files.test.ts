/** Bombs: files that are larger than they look, and files that make a reader loop. */

import { execFileSync } from "node:child_process";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OperatorFunction } from "rxjs";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { pixelBudget } from "../../src/core/input/decoding.js";
import { describeBytes, describeFile } from "../../src/core/input/describe.js";
import { batch, fitImage, flow, fromIterable, limits, type Message, type Report } from "../../src/index.js";
import {
  bytes,
  gif,
  isoFile,
  jpegHeader,
  layered,
  png,
  pngProfile,
  pngText,
  svg,
  tiff,
  tiffOf,
  u16le,
  u32be,
  u32le,
  webp,
  zip,
} from "../helpers/bombs.js";
import { tempFolder } from "../helpers/files.js";
import { through as throughTransform } from "../helpers/transforms.js";

const temp = tempFolder();
const zeros = Buffer.alloc(5000);
const ones = Buffer.alloc(5000, 0xff);
const hex = (text: string) => Buffer.from(text, "hex");
const asf = hex("3026b2758e66cf11a6d900aa0062ce6c");
const asfStream = hex("9107dcb7b7a9cf118ee600c00c205365");
const png8 = "\x89PNG\r\n\x1a\n";

/** Bytes that this process has read so far, from any file. */
function bytesRead(): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
}

await describeBytes({ bytes: new Uint8Array(zeros) }); // loads what is loaded on first use

describe("blocked: endless headers, when the file type is detected", () => {
  /** The expected result for each file: its type, or the error code. */
  const heads: [what: string, head: Uint8Array, found: string][] = [
    ["ASF of zeros", bytes(asf, zeros), "ERR_KIND_UNKNOWN"],
    [
      "ASF with an object of no length",
      bytes(asf, u32le(4000, 0, 5), "\x01\x02", asfStream, zeros),
      "ERR_KIND_UNKNOWN",
    ],
    ["ASF with an object of all lengths", bytes(asf, ones.subarray(0, 14), asfStream, ones), "ERR_KIND_UNKNOWN"],
    ["Matroska of zeros", bytes(hex("1a45dfa3"), zeros), "application/octet-stream"],
    ["Matroska of unknown lengths", bytes(hex("1a45dfa3"), ones), "text/plain; charset=unknown-8bit"],
    [
      "Matroska of empty elements",
      bytes(hex("1a45dfa3"), Buffer.alloc(5000, 0x80)),
      "text/plain; charset=unknown-8bit",
    ],
    [
      "Matroska of nothing but padding",
      bytes(hex("1a45dfa3ff"), hex("ec80".repeat(2000))),
      "text/plain; charset=unknown-8bit",
    ],
    ["MP4 with a box of no length", isoFile("isom", u32be(0), "moov"), "ERR_KIND_UNKNOWN"],
    ["HEIC with a box of no length", isoFile("heic", u32be(0), "meta"), "image/heic"],
    ["HEIC with boxes of no length within", isoFile("heic", u32be(40), "meta", u32be(0, 0), "iprp"), "image/heic"],
    ["AVIF with a long box of no length", isoFile("avif", u32be(1), "meta", u32be(0, 0)), "image/avif"],
    ["JPEG XL with a box of no length", bytes(u32be(12), "JXL \r\n\x87\n", u32be(0), "jxlp", zeros), "image/jxl"],
    ["JPEG 2000 of zeros", bytes(u32be(12), "jP  \r\n\x87\n", zeros), "application/octet-stream"],
    [
      "JPEG 2000 with a box of no length",
      bytes(u32be(12), "jP  \r\n\x87\n", u32be(20), "ftypjp2 ", zeros),
      "image/jp2",
    ],
    ["icons with a part of no length", bytes("icns", u32be(0xffffffff), "ic07", zeros), "image/icns"],
    ["PNG of chunks of no length", bytes(png8, zeros), "ERR_KIND_UNKNOWN"],
    ["PNG with a chunk of all lengths", bytes(png8, ones), "ERR_KIND_UNKNOWN"],
    ["JPEG of fill bytes", bytes("\xff\xd8\xff", Buffer.alloc(600_000, 0xff)), "ERR_KIND_UNKNOWN"],
    ["JPEG of segments of no length", bytes("\xff\xd8", hex("ffe00000".repeat(2000))), "ERR_KIND_UNKNOWN"],
    ["JPEG of the shortest segments", bytes("\xff\xd8", hex("ffe00002".repeat(50_000))), "ERR_KIND_UNKNOWN"],
    ["WEBP of zeros", bytes("RIFF", u32le(0xffffffff), "WEBP", zeros), "ERR_KIND_UNKNOWN"],
    ["GIF of all sizes", bytes("GIF89a", ones), "image/gif"],
    ["TIFF whose directory is its own next", tiff([], 8), "ERR_KIND_UNKNOWN"],
    [
      "TIFF with the maximum number of entries",
      bytes("II*\0", u32le(8), u16le(65_535), Buffer.alloc(700_000, 1)),
      "ERR_KIND_UNKNOWN",
    ],
    ["TIFF with an offset beyond its end", bytes("II*\0", u32le(0xfffffff0), zeros), "ERR_KIND_UNKNOWN"],
    ["TIFF with a strip table of 16 GB", tiffOf(10, 10, [[273, 4, 0xffffffff, 8]]), "image/tiff"],
    ["BigTIFF of zeros", bytes("II+\0", u16le(8, 0), u32le(16, 0), zeros), "ERR_KIND_UNKNOWN"],
    ["ICO with the maximum number of pictures", bytes(u16le(0, 1, 65_535), zeros), "application/octet-stream"],
    ["MP3 behind a tag of all sizes", bytes("ID3\x04\0\0\x7f\x7f\x7f\x7f", zeros), "ERR_KIND_UNKNOWN"],
    ["MP3 behind a thousand empty tags", bytes("ID3\x04\0\0\0\0\0\0".repeat(1000)), "ERR_KIND_UNKNOWN"],
    ["FLAC of zeros", bytes("fLaC", zeros), "audio/flac"],
    ["Ogg of zeros", bytes("OggS", zeros), "ERR_KIND_UNKNOWN"],
    ["AIFF of no length", bytes("FORM", u32be(0), "AIFF", zeros), "audio/aiff"],
    ["compound file whose sectors are the same", bytes(hex("d0cf11e0a1b11ae1"), zeros), "application/x-cfb"],
    ["ZIP that decompresses to 3 MB in 3 KB", zip("[Content_Types].xml", 3_000_000), "application/zip"],
    ["ZIP that decompresses to 200 MB", zip("[Content_Types].xml", 200_000_000), "application/zip"],
    ["ZIP whose type entry decompresses to 3 MB", zip("mimetype", 3_000_000), "application/zip"],
    ["ZIP that promises 4 GB", zip("a", 100, 0xffffffff), "application/zip"],
    ["ZIP of two thousand empty entries", bytes(...Array.from({ length: 2000 }, () => zip("a", 0))), "application/zip"],
    ["gzip in gzip in gzip", layered(50_000_000, 3), "application/gzip"],
    ["half a megabyte of zeros", Buffer.alloc(600_000), "application/octet-stream"],
    ["SVG of a thousand million entities", svgOfEntities(), "image/svg+xml"],
  ];

  const foundBy = (work: () => ReturnType<typeof describeFile>) =>
    (async () => (await work()).content.mimeType)().catch((error: { code?: string }) => error.code);

  it.each(heads)("%s", async (_, head, found) => {
    const code = () => describeBytes({ bytes: new Uint8Array(head) }) as never;
    expect(await foundBy(code)).toBe(found);
    const path = join(temp, "head");
    writeFileSync(path, head);
    truncateSync(path, 8_000_000_000); // sparse: what is behind the head is there, and nobody looks
    const before = bytesRead();
    await foundBy(() => describeFile(path));
    expect(bytesRead() - before).toBeLessThan(1_000_000);
  });
});

function svgOfEntities(): Buffer {
  const names = "abcdefghij";
  const entities = [...names].slice(1).map((name, n) => `<!ENTITY ${name} "${`&${names[n]};`.repeat(10)}">`);
  return svg("<text>&j;</text>", undefined, `<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">${entities.join("")}]>`);
}

/** Ten groups, each of which contains the previous one ten times. */
function svgOfUses(): Buffer {
  const groups = Array.from({ length: 10 }, (_, n) => `<g id="g${n + 1}">${`<use href="#g${n}"/>`.repeat(10)}</g>`);
  return svg(`<defs><rect id="g0" width="1" height="1"/>${groups.join("")}</defs><use href="#g10"/>`);
}

function through(operator: OperatorFunction<Message, unknown>, image: Uint8Array): Promise<Report> {
  const inputs = [
    { id: "bomb", image: { bytes: new Uint8Array(image) } },
    { id: "fine", text: "calm sea" },
  ];
  return flow(fromIterable(inputs))
    .pipe(operator as OperatorFunction<Message, Message>)
    .run();
}

describe("blocked: images with too many pixels, before any image is decoded", () => {
  const huge: [what: string, image: Uint8Array, byFit: string][] = [
    ["PNG", png(65_535, 65_535), "ERR_IMAGE_TOO_LARGE"],
    ["PNG of all sizes", png(0x7fffffff, 0x7fffffff), "ERR_IMAGE_UNDECODABLE"],
    ["PNG of 300 megapixels, whole", png(20_000, 15_000, 15_000), "ERR_IMAGE_TOO_LARGE"],
    ["PNG of one row", png(300_000_000, 1), "ERR_IMAGE_UNDECODABLE"],
    ["GIF", gif(65_535, 65_535), "ERR_IMAGE_TOO_LARGE"],
    ["JPEG", jpegHeader(65_500, 65_500), "ERR_IMAGE_UNDECODABLE"],
    ["WEBP", webp(16_383, 16_383), "ERR_IMAGE_UNDECODABLE"],
    ["WEBP of all sizes", webp(16_777_216, 16_777_216), "ERR_IMAGE_UNDECODABLE"],
    ["TIFF", tiffOf(65_535, 65_535), "ERR_IMAGE_UNDECODABLE"],
    ["TIFF of all sizes", tiffOf(0xffffffff, 0xffffffff), "ERR_IMAGE_UNDECODABLE"],
    ["BMP", bytes("BM", u32le(0, 0, 54, 40, 65_535, 65_535), zeros), "ERR_IMAGE_UNDECODABLE"],
  ];
  const drawn: typeof huge = [
    ["SVG", svg("<rect/>", 'width="100000" height="100000"'), "ERR_IMAGE_TOO_LARGE"],
    ["SVG of a large view", svg("<rect/>", 'viewBox="0 0 40000 40000"'), "ERR_IMAGE_TOO_LARGE"],
    ["animation of 50,000 frames", gif(100, 100, 50_000), "ERR_IMAGE_TOO_LARGE"],
  ];
  it.each(huge)("batch() refuses %s", async (_, image) => {
    const { counts, failures } = await through(batch() as never, image);
    expect(counts).toMatchObject({ ok: 1, failed: 1 });
    expect(failures[0]).toMatchObject({ id: "bomb", code: "ERR_IMAGE_TOO_LARGE" });
  });

  it.each([...huge, ...drawn])("fitImage() refuses %s", async (what, image, code) => {
    // A JPEG result uses one frame of an animation, a GIF result uses all frames.
    const options = what.includes("frames") ? { maxMegapixels: 0.001 } : { format: "jpeg" as const };
    const { counts, failures } = await through(fitImage(options), image);
    expect(counts).toMatchObject({ ok: 1, failed: 1 });
    expect(failures[0]).toMatchObject({ id: "bomb", code });
  });
});

describe("blocked: content that is not a valid image, when fitImage decodes it", () => {
  it.each([
    ["SVG of a thousand million entities", svgOfEntities()],
    ["SVG that includes a file", svg('<image href="file:///etc/passwd" width="9" height="9"/>')],
    [
      "SVG that includes an entity from a file",
      svg("&x;", "", '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    ],
    ["SVG that asks a server", svg('<image href="http://127.0.0.1:9/x.png" width="9" height="9"/>')],
    ["SVG with a style sheet from a server", svg("<style>@import 'http://127.0.0.1:9/x.css';</style><rect/>")],
    ["SVG with a pattern from a file", svg('<rect width="9" height="9" fill="url(file:///etc/passwd#a)"/>')],
    ["SVG with elements nested 100,000 deep", svg(`${"<g>".repeat(100_000)}${"</g>".repeat(100_000)}`)],
    ["SVG that uses parts of itself a thousand million times", svgOfUses()],
    ["SVG in UTF-16", Buffer.from(`\uFEFF${svg("<rect/>").toString("latin1")}`, "utf16le")],
    ["SVG in gzip", layered(1000, 1)],
    ["SVG behind a long comment", bytes(`<!--${"x".repeat(9000)}-->`, svg("<rect/>"))],
    ["PDF", bytes("%PDF-1.7\n", zeros)],
    ["PostScript", bytes("%!PS-Adobe-3.0\n", zeros)],
    ["a drawing of ImageMagick", bytes("push graphic-context\nfill 'url(https://127.0.0.1/\"|ls \"-la)'\n")],
    ["ZIP", zip("image.png", 1000)],
  ])("%s", async (_, image) => {
    const { counts, failures } = await through(fitImage({ format: "jpeg" }), image);
    expect(counts).toMatchObject({ ok: 1, failed: 1 });
    expect(failures[0]).toMatchObject({ id: "bomb", code: "ERR_IMAGE_UNDECODABLE" });
  });

  it("an SVG that uses itself is drawn without that part", async () => {
    const image = { bytes: new Uint8Array(svg('<g id="a"><use href="#a"/></g><use href="#a"/>')) };
    const { made } = await throughTransform(fitImage(), [{ id: "loop", image }]);
    expect(made[0]?.image).toMatchObject({ mimeType: "image/png", width: 10, height: 10 });
  });

  it("an SVG that refers to a file and is declared as a PNG", async () => {
    const bytes = new Uint8Array(svg('<image href="file:///etc/passwd" width="9" height="9"/>'));
    const image = { bytes, mimeType: "image/png", width: 10, height: 10 };
    const { failures } = await flow(fromIterable([{ id: "bomb", image }]))
      .pipe(fitImage({ format: "jpeg" }))
      .run();
    expect(failures[0]?.code).toBe("ERR_IMAGE_UNDECODABLE");
  });
});

describe("blocked: images with large data besides their pixels", () => {
  it.each([
    ["a colour profile of 100 MB", png(10, 10, 10, [pngProfile(100_000_000)])],
    ["a text of 100 MB", png(10, 10, 10, [pngText(100_000_000)])],
    [
      "many texts of a megabyte",
      png(
        10,
        10,
        10,
        Array.from({ length: 20 }, () => pngText(1_000_000)),
      ),
    ],
    ["100 MB of rows behind the last one", png(10, 10, 9_000_000)],
    ["50,000 frames", gif(100, 100, 50_000)],
    ["a strip table of 16 GB", tiffOf(100, 100, [[273, 4, 0xffffffff, 8]])],
  ])("%s", async (_, image) => {
    const input = { id: "bomb", image: { bytes: new Uint8Array(image) } };
    const { made, report } = await throughTransform(fitImage({ format: "jpeg" }), [
      input,
      { id: "fine", text: "calm sea" },
    ]);
    for (const failure of report.failures) expect(failure).toMatchObject({ id: "bomb", code: "ERR_IMAGE_UNDECODABLE" });
    expect(report.counts.ok + report.counts.failed).toBe(2);
    // Ten pixels stay ten pixels, whatever data come with them.
    const sizes = made.map(({ image: result }) => (result && "bytes" in result ? result.bytes.byteLength : 0));
    expect(Math.max(...sizes)).toBeLessThan(5000);
  });

  it("an image of one megabyte with 81 megapixels waits for its share of the pixel budget", async () => {
    const image = png(9000, 9000, 9000);
    let done = false;
    let letGo = () => {};
    const held = pixelBudget.run(() => new Promise<void>((resolve) => (letGo = resolve)), 150);
    const running = through(fitImage({ format: "jpeg", maxMegapixels: 1 }), image).finally(() => (done = true));
    for (let turn = 0; turn < 50; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    await sharp(image).metadata();
    expect(done).toBe(false);
    letGo();
    await held;
    expect((await running).counts.ok).toBe(2);
  });
});

describe("blocked: paths that are not regular files", () => {
  const pipe = join(temp, "pipe.jpg");
  execFileSync("mkfifo", [pipe]);
  it.each([
    ["a pipe", pipe, "ERR_NOT_A_FILE"],
    ["an endless device", "/dev/zero", "ERR_NOT_A_FILE"],
    ["a folder", temp, "ERR_NOT_A_FILE"],
    ["a file of the kernel that has no size", "/proc/self/mem", "ERR_FILE_"],
    ["a path with a NUL", "a\0.jpg", "ERR_FILE_UNREADABLE"],
    ["a path that is too long", `/${"x".repeat(100_000)}`, "ERR_FILE_UNREADABLE"],
  ])("%s", async (_, path, code) => {
    const { counts, failures } = await flow(fromIterable([{ image: { path } }, { text: "calm sea" }])).run();
    expect(counts).toMatchObject({ ok: 1, failed: 1 });
    expect(failures[0]?.code).toContain(code);
  });

  it("a sparse file that is larger than any limit", async () => {
    const path = join(temp, "sparse.png");
    writeFileSync(path, png(10, 10, 10));
    truncateSync(path, 8_000_000_000);
    const before = bytesRead();
    const { failures } = await flow(fromIterable([{ image: { path } }]))
      .pipe(batch() as never)
      .run();
    expect(failures[0]).toMatchObject({ code: "ERR_ITEM_TOO_LARGE" });
    expect(failures[0]?.reason).toContain(String(limits.maxItemBytes.image));
    expect(bytesRead() - before).toBeLessThan(1_000_000);
  });
});
