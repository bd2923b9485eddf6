/** Frames of videos by the real ffmpeg: their times, their pixels, and damaged files. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, expect, it } from "vitest";
import { type Input, videoFrames } from "../../../src/index.js";
import { describeFfmpeg, makeVideo } from "../../helpers/fake-ffmpeg.js";
import { fileWith, tempFolder } from "../../helpers/files.js";
import { one, through } from "../../helpers/transforms.js";

const temp = tempFolder();
const path = (name: string) => join(temp, name);
const times = (made: readonly Input[]) => made.map(({ metadata }) => metadata.timeMs);
const colorOf = async (input: Input) => {
  const { channels } = await sharp(bytesOf(input)).stats();
  return channels.map(({ mean }) => Math.round(mean));
};
const bytesOf = (input: Input | undefined) => (input as Input & { image: { bytes: Uint8Array } }).image.bytes;
const framesOf = async (name: string, options: Parameters<typeof videoFrames>[0]) =>
  (await through(videoFrames(options), [{ id: "clip", video: { path: path(name) } }])).made;

describeFfmpeg("videoFrames with ffmpeg", () => {
  beforeAll(() => {
    // Two seconds of red, then two of blue; the sound is longer than the picture.
    const colors = ["-f", "lavfi", "-i", "color=red:s=96x64:d=2:r=25[a];color=blue:s=96x64:d=2:r=25[b];[a][b]concat"];
    const sound = ["-f", "lavfi", "-i", "sine=d=8"];
    const h264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"];
    makeVideo(...colors, ...sound, ...h264, path("cut.mp4"));
    makeVideo("-i", path("cut.mp4"), "-c", "copy", "-metadata:s:v", "rotate=90", path("turned.mp4"));
    makeVideo("-f", "lavfi", "-i", "testsrc=s=160x120:d=4:r=25", ...h264, "-movflags", "+faststart", path("fast.mp4"));
    makeVideo("-i", path("cut.mp4"), "-c", "copy", "-frames:v", "1", "-an", path("one.mp4"));
    // Ten frames a second, then two: the frames do not have equal distances.
    makeVideo(
      "-f",
      "lavfi",
      "-i",
      "testsrc=s=96x64:d=2:r=10",
      "-vf",
      "select='lt(t,1)+not(mod(n,5))'",
      "-vsync",
      "vfr",
      ...h264,
      path("uneven.mkv"),
    );
    const bt709 = ["-vf", "scale=out_color_matrix=bt709,format=yuv420p", "-colorspace", "bt709"];
    makeVideo("-f", "lavfi", "-i", "color=0x20C040:s=96x64:d=0.2", ...bt709, "-c:v", "libx264", path("green.mp4"));
  });

  it("takes the first frame of each span, with its own time", async () => {
    expect(times(await framesOf("cut.mp4", { everyMs: 1000 }))).toEqual([0, 1000, 2000, 3000]);
    expect(times(await framesOf("cut.mp4", { everyMs: 1500 }))).toEqual([0, 1520, 3000]); // frames are 40 ms apart
    expect(times(await framesOf("uneven.mkv", { everyMs: 250 }))).toEqual([0, 300, 500, 800, 1000, 1500]);
  });

  it("takes a number of frames of the picture, however long the sound is", async () => {
    const made = times(await framesOf("cut.mp4", { count: 4 })) as number[];
    expect(made).toHaveLength(4);
    for (const [index, time] of made.entries()) expect(Math.abs(time - index * 1000)).toBeLessThan(100);
    expect(times(await framesOf("cut.mp4", { count: 1000 }))).toHaveLength(100);
  });

  it("takes the first frame and the frames after cuts", async () => {
    const made = await framesOf("cut.mp4", { scene: 0.3 });
    expect(times(made)).toEqual([0, 2000]);
    const [red, blue] = await Promise.all(made.map(colorOf));
    expect(red?.[0]).toBeGreaterThan(245);
    expect(blue?.[2]).toBeGreaterThan(245);
  });

  it.each([{ everyMs: 10_000 }, { count: 5 }, { scene: 0.1 }])(
    "takes the only frame of a video: %o",
    async (options) => {
      expect(times(await framesOf("one.mp4", options))).toEqual([0]);
    },
  );

  it("turns frames upright, in JPEG and PNG", async () => {
    for (const format of ["jpeg", "png"] as const) {
      const [frame] = await framesOf("turned.mp4", { count: 1, format });
      expect(frame?.image).toMatchObject({ mimeType: `image/${format}`, width: 64, height: 96 });
    }
  });

  it("keeps the colors of a video in HD colors", async () => {
    for (const format of ["jpeg", "png"] as const) {
      const [frame] = await framesOf("green.mp4", { count: 1, format });
      const color = await colorOf(frame as Input);
      for (const [index, value] of [0x20, 0xc0, 0x40].entries())
        expect(Math.abs((color[index] ?? 0) - value)).toBeLessThan(6);
    }
  });

  it("makes smaller files with less quality", async () => {
    const bytes = async (quality: number) => bytesOf((await framesOf("uneven.mkv", { count: 1, quality }))[0]).length;
    const [low, middle, high] = [await bytes(20), await bytes(70), await bytes(98)];
    expect(low).toBeLessThan(middle);
    expect(middle).toBeLessThan(high);
  });

  it("reads a video from bytes, although its index is at its end", async () => {
    const { made } = await through(videoFrames({ count: 1 }), [
      { id: "a", video: { bytes: readFileSync(path("cut.mp4")) } },
    ]);
    expect(times(made)).toEqual([0]);
  });

  it("fails a truncated video by name", async () => {
    const whole = readFileSync(path("fast.mp4"));
    const broken = fileWith(temp, "broken.mp4", whole.subarray(0, Math.floor(whole.length * 0.6)));
    for (const options of [{ everyMs: 500 }, { count: 2 }]) {
      await expect(one(videoFrames(options), { video: { path: broken } })).rejects.toThrow(
        /ERR_VIDEO: .*broken\.mp4: /,
      );
    }
  });
});
