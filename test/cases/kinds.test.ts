/** The kind of a file by its content, wherever the evidence lies, and never by a guess. ffmpeg, ImageMagick, Pillow and a browser wrote the media. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { describeBytes, describeFile } from "../../src/core/input/describe.js";
import { batch, flow, folder, fromIterable, listInputs, upload } from "../../src/index.js";
import { exampleBytes, fileWith, folderWith, jpeg, tempFolder } from "../helpers/files.js";
import { openStore } from "../helpers/store.js";

const temp = tempFolder();
const files = join(import.meta.dirname, "files/kinds");
const media = (name: string) => readFileSync(join(files, "media", name));
const tiffs = readdirSync(join(files, "tiff"));
const kindOf = async (name: string, content: Uint8Array) => {
  const { kind, content: facts } = await describeFile(fileWith(temp, name, content));
  return `${kind} ${facts.mimeType}`;
};
const codeOf = async (name: string, content: string | Uint8Array) => {
  const failure = async () => describeFile(fileWith(temp, name, content));
  return failure().then(
    ({ kind }) => kind,
    (error: { code?: string }) => error.code,
  );
};

describe("audio and video", () => {
  it.each([
    ["an M4A with a cover", "a-cover.m4a", "audio audio/mp4"],
    ["an MP4 of sound and one still picture", "a-coverstill.mp4", "audio audio/mp4"],
    ["a fragmented MP4 of sound", "a-frag.mp4", "audio audio/mp4"],
    ["an M4A of Android", "android.m4a", "audio audio/mp4"],
    ["an M4A of the brand isom", "isom.mp4a.m4a", "audio audio/mp4"],
    ["a 3GP of speech", "voice.3gp", "audio audio/3gpp"],
    ["a WebM that a browser recorded", "recorder.webm", "audio audio/webm"],
    ["a WebM that was written to a pipe", "a-pipe.webm", "audio audio/webm"],
    ["a Matroska of sound", "audio.mka", "audio audio/matroska"],
    ["a WMA behind a cover of 20 KB", "cover-20k.wma", "audio audio/x-ms-asf"],
    ["an AVI of sound", "a.avi", "audio audio/vnd.avi"],
    ["a Flash video of sound", "a.flv", "audio audio/x-flv"],
    ["an Ogg of sound", "a.ogg", "audio audio/ogg"],
    ["a WAV of more than 4 GB (RF64)", "rf64.wav", "audio audio/wav"],
    ["an MP3 behind zeros", "zeros-first.mp3", "audio audio/mpeg"],
    ["an MP3 that begins with a cut frame", "cut-frame-first.mp3", "audio audio/mpeg"],
    ["an MP4 whose tracks lie at the end", "moov-end.mp4", "video video/mp4"],
    ["a fragmented MP4", "v-frag.mp4", "video video/mp4"],
    ["a 3GP with pictures", "clip.3gp", "video video/3gpp"],
    ["a 3G2 with pictures", "v.3g2", "video video/3gpp2"],
    ["a WebM with pictures", "clip.webm", "video video/webm"],
    ["a Matroska with pictures", "v.mkv", "video video/matroska"],
    ["a WMV behind a cover of 20 KB", "cover-20k.wmv", "video video/x-ms-asf"],
    ["a WMV without sound", "v-only.wmv", "video video/x-ms-asf"],
    ["an Ogg with pictures", "v.ogv", "video video/ogg"],
    ["a Flash video", "v.flv", "video video/x-flv"],
  ])("are distinguished by their tracks: %s", async (_, name, expected) => {
    expect(await kindOf(name, media(name))).toBe(expected);
    expect(await kindOf("no-extension", media(name))).toBe(expected);
    const found = await describeBytes({ bytes: media(name) }, "audio");
    expect(`${found.kind} ${found.content.mimeType}`).toBe(expected);
  });

  it("are recognized after a large tag, a large cover, an HTTP header, and megabytes of pixels", async () => {
    const sound = media("zeros-first.mp3").subarray(-4000);
    const tag = Buffer.concat([Buffer.from("ID3\x03\0\0\0\x12\x27\x60", "latin1"), Buffer.alloc(300_000, 7)]);
    expect(await kindOf("tag.mp3", Buffer.concat([tag, sound]))).toBe("audio audio/mpeg");
    const answer = Buffer.from("HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n");
    expect(await kindOf("answer.mp3", Buffer.concat([answer, Buffer.alloc(5000), sound]))).toBe("audio audio/mpeg");
    const film = media("moov-end.mp4");
    const at = film.indexOf("mdat") - 4;
    const long = Buffer.alloc(16 + 5_000_000);
    long.writeUInt32BE(1, 0);
    long.write("mdat", 4);
    long.writeBigUInt64BE(BigInt(long.length), 8);
    expect(await kindOf("long.mp4", Buffer.concat([film.subarray(0, at), long, film.subarray(at)]))).toBe(
      "video video/mp4",
    );
  });

  it("are detected by their first bytes if they have no container", async () => {
    const loas = Buffer.concat([Buffer.from("56e002", "hex"), Buffer.alloc(2)]);
    const raw: [string, Buffer, string][] = [
      [
        "adx",
        Buffer.from("8000002003120401000000010000ac4401f40300000000000000000000002863294352490000", "hex"),
        "audio/x-adx",
      ],
      ["latm", Buffer.concat([loas, loas, loas, loas]), "audio/x-mp4a-latm"],
      ["dts", Buffer.from("7ffe8001fc3c000000000000", "hex"), "audio/vnd.dts"],
      ["264", Buffer.from("0000000167f4000a919b2884d8088000", "hex"), "video/h264"],
      ["265", Buffer.from("0000000140010c01ffff040800000300", "hex"), "video/h265"],
      ["mng", Buffer.from("8a4d4e470d0a1a0a0000001c4d484452", "hex"), "video/x-mng"],
      ["nut", Buffer.from("nut/multimedia container\0\x4e\x4d", "latin1"), "video/x-nut"],
    ];
    for (const [name, bytes, type] of raw) {
      expect(await kindOf(`a.${name}`, Buffer.concat([bytes, Buffer.alloc(60)]))).toBe(`${type.slice(0, 5)} ${type}`);
    }
    expect(await codeOf("b.bin", Buffer.concat([loas, Buffer.alloc(60)]))).toBeUndefined();
  });

  it("fail if the track list is cut before the video track, instead of counting as audio", async () => {
    const film = media("a-frag.mp4");
    const at = film.indexOf("moov") - 4;
    const whole = film.subarray(0, at + film.readUInt32BE(at));
    expect(await kindOf("whole.mp4", whole)).toBe("audio audio/mp4");
    const longer = Buffer.from(whole);
    longer.writeUInt32BE(film.readUInt32BE(at) + 100, at);
    expect(await codeOf("cut.mp4", longer)).toBe("ERR_KIND_UNKNOWN");
  });

  it("are accepted if the writing program did not know the length yet: WAV from a pipe", async () => {
    const { app } = await openStore();
    const wav = exampleBytes("media/foghorn.wav");
    const inputs = [0, 0x7ffff048, 0x7fffffff, 0x80000024, 0xffffffbf, 0xffffffff].map((length, index) => {
      const bytes = Buffer.from(wav);
      bytes.writeUInt32LE(length, 4);
      return { id: `pipe-${index}`, audio: { bytes } };
    });
    const cut = Buffer.from(wav);
    cut.writeUInt32LE(wav.length + 1000, 4);
    const report = await flow(fromIterable([...inputs, { id: "cut", audio: { bytes: cut } }]))
      .pipe(batch(), upload(app))
      .run();
    expect(report.failures.map(({ id }) => id)).toEqual(["cut"]);
  });

  it("are not detected in text, in noise, or in a file that is named as an image", async () => {
    const sound = media("zeros-first.mp3").subarray(-4000);
    expect(await codeOf("a.bin", Buffer.concat([Buffer.alloc(9000, 0xfe), sound]))).toBeUndefined();
    expect(await codeOf("a.jpg", Buffer.concat([Buffer.alloc(900), sound]))).toBe("ERR_KIND_UNKNOWN");
    const noise = Buffer.from(
      Array.from({ length: 60_000 }, (_, n) => (Math.imul(n ^ (n >> 7), 0x9e3779b1) >>> 13) & 255),
    );
    expect(await codeOf("b.bin", noise)).toBeUndefined();
    expect(await codeOf("c", Buffer.from("\ufeffgrößer", "utf16le"))).toBe("text");
  });
});

describe("images", () => {
  it.each(tiffs)("in TIFF have their size, wherever the directory lies: %s", async (name) => {
    const path = join(files, "tiff", name);
    const found = await describeFile(path);
    const { width, height } = /^(big|msb|tiled|multi|lab)/.test(name)
      ? { width: 16, height: 12 }
      : await sharp(path).metadata();
    expect(found).toMatchObject({ kind: "image", content: { mimeType: "image/tiff", width, height } });
  });

  it("in TIFF are processed by the emulator, with their size, and fail when they are cut", async () => {
    const { app } = await openStore();
    const report = await flow(folder(join(files, "tiff")))
      .pipe(batch(), upload(app))
      .run();
    expect(report.failures).toEqual([]);
    const stored = await flow(listInputs(app)).toArray();
    expect(stored).toHaveLength(tiffs.length);
    for (const { image } of stored) expect(image?.width).toBeGreaterThan(0);
    const cut = ["msb.tif", "lab.tif"].map((name, index) => {
      const whole = readFileSync(join(files, "tiff", name));
      return { id: `cut-${index}`, image: { bytes: whole.subarray(0, index === 0 ? 110 : whole.length - 100) } };
    });
    const { counts } = await flow(fromIterable(cut)).pipe(batch(), upload(app)).run();
    expect(counts).toMatchObject({ read: 2, failed: 2 });
  });

  it("in JPEG may have fill bytes and other bytes before their markers", async () => {
    const plain = await jpeg(40, 30);
    const filled = Buffer.concat([plain.subarray(0, 2), Buffer.alloc(9000, 0xff), plain.subarray(2)]);
    const strange = Buffer.concat([plain.subarray(0, 20), Buffer.from("0102030405", "hex"), plain.subarray(20)]);
    for (const bytes of [filled, strange]) {
      expect(await describeBytes({ bytes })).toMatchObject({
        content: { mimeType: "image/jpeg", width: 40, height: 30 },
      });
    }
  });

  it("of a camera are not mistaken for TIFF images", async () => {
    const entry = (tag: number, type: number, value: number) => {
      const bytes = Buffer.alloc(12);
      bytes.writeUInt16LE(tag, 0);
      bytes.writeUInt16LE(type, 2);
      bytes.writeUInt32LE(1, 4);
      bytes.writeUInt32LE(value, 8);
      return bytes;
    };
    const tiff = (...entries: Buffer[]) =>
      Buffer.concat([
        Buffer.from("49492a0008000000", "hex"),
        Buffer.from([entries.length, 0]),
        ...entries,
        Buffer.alloc(400),
      ]);
    const size = [entry(256, 3, 16), entry(257, 3, 12)];
    expect(await kindOf("a.tif", tiff(...size))).toBe("image image/tiff");
    expect(await kindOf("b.nef", tiff(...size))).toBe("image image/x-nikon-nef");
    expect(await kindOf("c.tif", tiff(...size, entry(262, 3, 32803)))).toBe("image image/x-raw");
    expect(await kindOf("d.tif", tiff(...size, entry(50706, 1, 1)))).toBe("image image/x-adobe-dng");
    const inner = 8 + 2 + 36 + 4;
    const outer = tiff(...size, entry(330, 4, inner));
    Buffer.concat([Buffer.from([1, 0]), entry(262, 3, 32803)]).copy(outer, inner);
    expect(await kindOf("e.tif", outer)).toBe("image image/x-raw");
  });
});

describe("a format that the platform does not accept", () => {
  const svg = Buffer.from('<?xml version="1.0"?><!-- a --><!DOCTYPE svg><svg xmlns="http://www.w3.org/2000/svg"/>');
  const refused: [string, () => Promise<Buffer> | Buffer][] = [
    [
      "a.avif",
      () =>
        sharp({ create: { width: 64, height: 64, channels: 3, background: "red" } })
          .avif()
          .toBuffer(),
    ],
    ["a.heic", () => Buffer.concat([Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1"), Buffer.alloc(60)])],
    ["a.cr3", () => Buffer.concat([Buffer.from("\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "latin1"), Buffer.alloc(60)])],
    ["a.svg", () => svg],
    ["drawing", () => svg],
    ["a.psd", () => Buffer.concat([Buffer.from("8BPS\0\x01"), Buffer.alloc(60)])],
    ["a.mid", () => Buffer.concat([Buffer.from("MThd\0\0\0\x06\0\0\0\x01"), Buffer.alloc(60)])],
    ["a.ppm", () => Buffer.from("P3\n# small\n1 1\n255\n9 9 9\n")],
    ["a.jng", () => Buffer.concat([Buffer.from("\x8bJNG\r\n\x1a\n", "latin1"), Buffer.alloc(60)])],
    ["a.ktx2", () => Buffer.concat([Buffer.from("\xabKTX 20\xbb\r\n\x1a\n", "latin1"), Buffer.alloc(60)])],
    ["a.xwd", () => Buffer.concat([Buffer.from("0000006500000007000000020000001800000028", "hex"), Buffer.alloc(100)])],
    ["a.sgi", () => Buffer.concat([Buffer.from("01da000200030028001e0003", "hex"), Buffer.alloc(500)])],
  ];

  it.each(refused)("fails before anything is sent, also in a plan: %s", async (name, make) => {
    const path = folderWith(temp, { [name]: await make() });
    const { store, app } = await openStore();
    const sources = [
      folder(path),
      fromIterable([{ id: "b", [name === "a.mid" ? "audio" : "image"]: { bytes: await make() } }]),
    ];
    const whole = flow(sources).pipe(batch(), upload(app));
    const plan = await whole.plan();
    expect(plan.counts).toMatchObject({ read: 2, ok: 0, refused: 2 });
    expect(plan.refused.map(({ code }) => code)).toEqual(["ERR_FORMAT", "ERR_FORMAT"]);
    expect((await whole.run()).failures.map(({ code }) => code)).toEqual(["ERR_FORMAT", "ERR_FORMAT"]);
    expect(await flow(listInputs(app)).toArray()).toEqual([]);
    expect(store.url).toContain("127.0.0.1");
  });

  it("is detected by the name if the content has no signature: a TGA", async () => {
    const tga = Buffer.concat([Buffer.from("000002000000000000000000040003001800", "hex"), Buffer.alloc(36)]);
    for (const name of ["a.tga", "b.TGA", "c.icb", "d.vda"]) expect(await kindOf(name, tga)).toBe("image image/x-tga");
    expect(await codeOf("e.bin", tga)).toBeUndefined();
    expect(await codeOf("f.tga", new Uint8Array(500))).toBe("ERR_KIND_UNKNOWN");
  });

  it("does not include JPEG, PNG, GIF, WEBP, BMP, TIFF, video and audio", async () => {
    const { app } = await openStore();
    const report = await flow([folder(join(files, "media")), folder(join(files, "tiff"))])
      .pipe(batch(), upload(app))
      .run();
    expect(report.failures).toEqual([]);
    expect(report.counts.ok).toBe(readdirSync(join(files, "media")).length + tiffs.length);
  });
});

describe("files that are named like media and have other content", () => {
  it.each([
    ["zeros", "a.jpg", new Uint8Array(5000)],
    ["a web page", "b.jpg", "<!doctype html><title>Sign in</title>"],
    ["the first bytes of a JPEG", "c.jpg", Buffer.from("ffd8ffe000104a46", "hex")],
    ["the first bytes of a PNG", "d.png", Buffer.from("89504e470d0a1a0a0000", "hex")],
    ["the first bytes of a GIF", "no-extension", "GIF89a"],
    ["a ZIP", "e.mp4", Buffer.concat([Buffer.from("504b0304", "hex"), Buffer.alloc(40)])],
    ["an MP4 that was cut before its tracks", "no-extension", exampleBytes("media/ferry.mp4").subarray(0, 40)],
    ["zeros", "f.mp3", new Uint8Array(5000)],
    ["a tag without sound", "g.mp3", Buffer.concat([Buffer.from("ID3\x03\0\0\0\0\0\0", "latin1"), Buffer.alloc(900)])],
    ["a WAV without a format", "h.wav", Buffer.concat([Buffer.from("RIFF\x24\0\0\0WAVE", "latin1"), Buffer.alloc(30)])],
  ])("fail: %s", async (_, name, content) => {
    expect(await codeOf(name, content)).toBe("ERR_KIND_UNKNOWN");
    const path = folderWith(temp, { [name]: content });
    for (const options of [{}, { kinds: ["text" as const] }, { include: "*" }]) {
      const { counts, exitCode } = await flow(folder(path, options)).run();
      expect([counts, exitCode]).toEqual([{ read: 1, ok: 0, failed: 1, skipped: 0, pending: 0 }, 1]);
    }
  });

  it("fail if their bytes are given as an image", async () => {
    const inputs = [
      { id: "a", image: { bytes: new Uint8Array(500) } },
      { id: "b", image: { bytes: Buffer.from("calm") } },
    ];
    const { failures } = await flow(fromIterable(inputs)).pipe(batch()).run();
    expect(failures.map(({ code }) => code)).toEqual(["ERR_KIND_UNKNOWN", "ERR_KIND_MISMATCH"]);
  });
});
