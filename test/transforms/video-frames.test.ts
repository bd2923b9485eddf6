/** Frames of videos, from a program that stands for ffmpeg: what is asked of it, and what its answers become. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { flow, fromIterable, type InputDraft, transform, videoFrames } from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { fakeFfmpeg, frameLine, timeBase } from "../helpers/fake-ffmpeg.js";
import { example, exampleBytes, fileWith, jpeg, tempFolder } from "../helpers/files.js";
import { beforeAndAfter, one, through } from "../helpers/transforms.js";

const temp = tempFolder();
const clip = (more: Partial<InputDraft> = {}): InputDraft => ({
  id: "ferry",
  video: { path: example("media/ferry.mp4") },
  ...more,
});
const foldersOfFrames = () => readdirSync(tmpdir()).filter((name) => name.startsWith("sluice-frames-"));

/** A program that writes a frame at each of these times. */
async function frames(
  times: readonly (number | "NOPTS")[],
  { image = undefined as Buffer | undefined, more = "" } = {},
) {
  const path = fileWith(temp, "frame.jpg", image ?? (await jpeg()));
  const lines = [timeBase, ...times.map((time, n) => frameLine(n, time))].map(
    (line) => `log(${JSON.stringify(line)});`,
  );
  const writes = times.map(() => `out(require("node:fs").readFileSync(${JSON.stringify(path)}));`);
  return fakeFfmpeg(temp, `${lines.join("\n")}\n${writes.join("\n")}\n${more}`);
}

const three = await frames([0, 2000, 4040]);

testTransform("videoFrames", async () => ({
  transform: videoFrames({ everyMs: 2000, ffmpegPath: three }),
  inputs: [clip(), { id: "still", image: { bytes: new Uint8Array(await jpeg()) } }, { id: "note", text: "a" }],
}));

describe("videoFrames", () => {
  it("makes an image of each frame, with the time that the video shows it", async () => {
    const video = clip({
      metadata: { place: "pier" },
      concepts: ["sea"],
      datasets: ["d"],
      geo: { longitude: 4, latitude: 52 },
    });
    const { made, report } = await through(videoFrames({ everyMs: 2000, ffmpegPath: three }), [video]);
    expect(report.counts).toMatchObject({ read: 1, ok: 1 });
    expect(made.map(({ id }) => id)).toEqual(["ferry-frame-0", "ferry-frame-2000", "ferry-frame-4040"]);
    expect(made[2]).toMatchObject({
      metadata: { place: "pier", video: "ferry", timeMs: 4040, frame: 2 },
      concepts: [{ id: "sea" }],
      datasets: ["d"],
      geo: { longitude: 4, latitude: 52 },
      image: { mimeType: "image/jpeg", width: 32, height: 24 },
    });
    expect(made[0]).not.toHaveProperty("video");
  });

  it("shortens the id of a frame to 48 characters, the same in each run and different for each frame", async () => {
    const video = clip({ id: "v".repeat(48) });
    const ids = async () =>
      (await through(videoFrames({ everyMs: 2000, ffmpegPath: three }), [video])).made.map(({ id }) => id);
    const first = await ids();
    expect(new Set(first).size).toBe(3);
    for (const id of first) expect(id).toMatch(/^[\w-]{1,48}$/);
    expect(await ids()).toEqual(first);
  });

  it("gives frames within one millisecond different ids", async () => {
    const program = await frames([7, 7]);
    const { made } = await through(videoFrames({ everyMs: 1, ffmpegPath: program }), [clip()]);
    expect(made.map(({ id }) => id)).toEqual(["ferry-frame-7", "ferry-frame-7-1"]);
  });

  it("passes other kinds unchanged", async () => {
    const [before, after] = await beforeAndAfter(videoFrames({ count: 1, ffmpegPath: three }), { id: "a", text: "a" });
    expect(after).toBe(before);
  });

  it("gives an annotation of a frame to the image with its time, and one of the video to each image", async () => {
    const annotations = [
      {
        id: "boat",
        frame: { timeMs: 2000 },
        box: [0, 0, 0.5, 0.5] as [number, number, number, number],
        concepts: ["boat"],
      },
      { id: "mood", concepts: ["calm"] },
      { frame: { timeMs: 3000 }, concepts: ["gull"] },
      { frame: { number: 3 }, concepts: ["gull"] },
      { timeSegment: { begin: 0, end: 2 }, concepts: ["gull"] },
    ];
    const { made, report } = await through(videoFrames({ everyMs: 2000, ffmpegPath: three }), [clip({ annotations })]);
    const mood = { concepts: [{ id: "calm" }] };
    expect(made.map((input) => input.annotations)).toEqual([
      [mood],
      [{ id: "boat", box: [0, 0, 0.5, 0.5], concepts: [{ id: "boat" }] }, mood],
      [mood],
    ]);
    expect(Object.keys(report.notes)).toEqual([
      expect.stringContaining("its time is not that of an extracted frame"),
      expect.stringContaining("in a form that frames do not have"),
    ]);
  });

  it("says if it replaces metadata", async () => {
    const { report } = await through(videoFrames({ count: 1, ffmpegPath: three }), [
      clip({ metadata: { frame: "oak" } }),
    ]);
    expect(Object.keys(report.notes)).toEqual([expect.stringContaining("were replaced")]);
  });

  it("opens only the file itself, whatever its name says", async () => {
    const program = fakeFfmpeg(
      temp,
      `require("node:fs").writeFileSync(__dirname + "/args", JSON.stringify(args)); process.exit(1);`,
    );
    const evil = fileWith(temp, "-i http:x.mp4", exampleBytes("media/ferry.mp4"));
    await through(videoFrames({ everyMs: 500, ffmpegPath: program }), [clip({ video: { path: evil } })]);
    const args = JSON.parse(readFileSync(join(program, "../args"), "utf8")) as string[];
    expect(args[args.indexOf("-i") + 1]).toBe(`file:${evil}`);
    expect(args.filter((arg) => arg === "-i")).toHaveLength(1);
    expect(args[args.indexOf("-protocol_whitelist") + 1]).toBe("file,pipe");
    expect(args[args.indexOf("-format_whitelist") + 1]).not.toMatch(/hls|concat|image2|sdp/);
  });

  it("copies bytes and parts of files to a file for ffmpeg, and removes it", async () => {
    const copied = fakeFfmpeg(
      temp,
      `const path = args[args.indexOf("-i") + 1].slice(5);
       log("[error] " + path + " has " + require("node:fs").statSync(path).size + " bytes"); process.exit(1);`,
    );
    const bytes = exampleBytes("media/ferry.mp4");
    const archive = fileWith(temp, "two.bin", Buffer.concat([Buffer.alloc(100), bytes, Buffer.alloc(50)]));
    for (const video of [{ bytes }, { path: archive, offset: 100, length: bytes.length }]) {
      const { report } = await through(videoFrames({ everyMs: 500, ffmpegPath: copied }), [clip({ video })]);
      const [, path = "", size] = /(\/\S+) has (\d+) bytes/.exec(report.failures[0]?.reason ?? "") ?? [];
      expect(Number(size)).toBe(bytes.length);
      expect(existsSync(path)).toBe(false);
    }
  });

  it("keeps the frames of a long video in files until the input settles", async () => {
    const noise = Buffer.alloc(1500 * 1500 * 3, 0).map(() => Math.floor(Math.random() * 256));
    const image = await sharp(noise, { raw: { width: 1500, height: 1500, channels: 3 } })
      .jpeg({ quality: 100 })
      .toBuffer();
    const count = Math.ceil(18_000_000 / image.length) + 1;
    const program = await frames(
      Array.from({ length: count }, (_, n) => n * 100),
      { image },
    );
    const before = foldersOfFrames();
    const sizes: number[] = [];
    const forms = new Set<string>();
    const read = transform((input) => {
      const content = input.image as { bytes: Uint8Array } | { path: string };
      forms.add(Object.keys(content)[0] ?? "");
      sizes.push("path" in content ? readFileSync(content.path).length : content.bytes.length);
      return input;
    });
    const report = await flow(fromIterable([clip()]))
      .pipe(videoFrames({ everyMs: 100, ffmpegPath: program }), read)
      .run();
    expect(report.counts.ok).toBe(1);
    expect(sizes).toEqual(Array.from({ length: count }, () => image.length));
    expect([...forms]).toEqual(["bytes", "path"]);
    expect(foldersOfFrames()).toEqual(before);
  });

  it.each<[string, string, RegExp]>([
    ["writes nothing", "", /ERR_VIDEO: ffmpeg found no frame in the video \(exit code 0\)/],
    [
      "says what is wrong",
      `log("[mov,mp4 @ 0x55] [error] moov atom not found"); process.exit(1);`,
      /ERR_VIDEO: .*\(exit code 1\): moov atom not found/,
    ],
    ["writes something else", `out("no picture at all");`, /ERR_VIDEO: ffmpeg wrote data that are not a JPEG/],
    [
      "is killed",
      `process.kill(process.pid, "SIGSEGV"); setTimeout(() => {}, 10000);`,
      /ERR_VIDEO: ffmpeg was ended by SIGSEGV/,
    ],
  ])("fails the input if ffmpeg %s", async (_, body, expected) => {
    await expect(one(videoFrames({ everyMs: 1, ffmpegPath: fakeFfmpeg(temp, body) }), clip())).rejects.toThrow(
      expected,
    );
  });

  it("fails the input if the time of a frame is unknown", async () => {
    const program = await frames([0, "NOPTS"]);
    await expect(one(videoFrames({ everyMs: 1, ffmpegPath: program }), clip())).rejects.toThrow(
      /ERR_VIDEO.*times of 1,/,
    );
  });

  it("fails a damaged video, or keeps its frames with a note", async () => {
    const program = await frames([0, 500], { more: `log("[h264 @ 0x1] [error] partial file");` });
    await expect(one(videoFrames({ everyMs: 500, ffmpegPath: program }), clip())).rejects.toThrow(
      /ERR_VIDEO: ffmpeg found damage in \S*ferry\.mp4: partial file; onBroken: "note" keeps the 2 frames/,
    );
    const { made, report } = await through(videoFrames({ everyMs: 500, ffmpegPath: program, onBroken: "note" }), [
      clip(),
    ]);
    expect(made).toHaveLength(2);
    expect(Object.keys(report.notes)).toEqual([expect.stringContaining("found damage")]);
  });

  it("fails a video with more frames than maxFrames, and ends ffmpeg", async () => {
    const program = await frames([0, 1, 2], { more: "setInterval(() => {}, 1000);" });
    await expect(one(videoFrames({ everyMs: 1, maxFrames: 2, ffmpegPath: program }), clip())).rejects.toThrow(
      /ERR_VIDEO_FRAMES: the video gives more than 2 frames/,
    );
  });

  it("ends ffmpeg when the time of the input is over, and when the run is stopped", async () => {
    const pid = (program: string) => join(program, "../pid");
    const hanging = () =>
      fakeFfmpeg(
        temp,
        `require("node:fs").writeFileSync(__dirname + "/pid", String(process.pid)); setInterval(() => {}, 1000);`,
      );
    const hasEnded = (path: string) => !existsSync(`/proc/${readFileSync(path, "utf8")}`);

    const slow = hanging();
    // The program answers -version at first, which may take a while on a busy machine.
    await expect(one(videoFrames({ everyMs: 1, timeoutMs: 500, ffmpegPath: slow }), clip())).rejects.toThrow(
      "ERR_TRANSFORM_TIMEOUT",
    );
    await expect.poll(() => existsSync(pid(slow)) === false || hasEnded(pid(slow))).toBe(true);

    const stopped = hanging();
    const abort = new AbortController();
    const run = flow(fromIterable([clip()]))
      .pipe(videoFrames({ everyMs: 1, ffmpegPath: stopped }))
      .run({ signal: abort.signal });
    await expect.poll(() => existsSync(pid(stopped))).toBe(true);
    abort.abort();
    expect((await run).counts).toMatchObject({ read: 1, pending: 1 });
    await expect.poll(() => hasEnded(pid(stopped))).toBe(true);
  });

  it("names the next step if ffmpeg is missing, or is another program", async () => {
    const missing = videoFrames({ everyMs: 1, ffmpegPath: join(temp, "no-ffmpeg") });
    await expect(one(missing, clip())).rejects.toThrow(
      /ERR_FFMPEG_MISSING: \S+ cannot be started: it does not exist; install ffmpeg .* FFMPEG_PATH/,
    );
    const other = fileWith(temp, "ffmpeg", "not a program");
    await expect(one(videoFrames({ everyMs: 1, ffmpegPath: other }), clip())).rejects.toThrow(
      /ERR_FFMPEG_MISSING.*EACCES/,
    );
    await expect(one(videoFrames({ everyMs: 1, ffmpegPath: process.execPath }), clip())).rejects.toThrow(
      /ERR_FFMPEG_MISSING.*does not answer/,
    );
  });

  it.each([
    ["4.4.2-0ubuntu0.22.04.1", "-vsync"],
    ["5.0.1", "-vsync"],
    ["5.1.9-0+deb12u1", "-fps_mode"],
    ["n7.1", "-fps_mode"],
    ["N-118000-gabc", "-fps_mode"],
  ])("knows the options of version %s", async (version, option) => {
    const program = fakeFfmpeg(
      temp,
      `log("[error] " + (args.includes("-vsync") ? "-vsync" : "-fps_mode")); process.exit(1);`,
      version,
    );
    await expect(one(videoFrames({ everyMs: 1, ffmpegPath: program }), clip())).rejects.toThrow(`: ${option}`);
  });

  it("fails a video that is a URL", async () => {
    const remote = clip({ video: { url: "https://example.com/a.mp4" } });
    await expect(one(videoFrames({ count: 1, ffmpegPath: three }), remote)).rejects.toThrow(
      /ERR_CONTENT_REMOTE.*fetch: true/,
    );
  });

  it.each([{}, { everyMs: 1, count: 1 }, { scene: 2 }, { everyMs: 0 }, { count: 1.5 }])(
    "refuses the options %o",
    (options) => {
      expect(() => videoFrames(options)).toThrow(/^videoFrames: /);
    },
  );
});
