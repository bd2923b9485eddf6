import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { detectType } from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { example, exampleBytes, fileWith, jpeg, tempFolder } from "../helpers/files.js";
import { beforeAndAfter, one, through } from "../helpers/transforms.js";

const temp = tempFolder();
const photo = await jpeg(50, 40);

testTransform("detectType", async () => ({
  transform: detectType(),
  inputs: [
    { id: "a", image: { path: example("media/foghorn.wav") } },
    { id: "b", audio: { path: example("harbour/quay.jpg") } },
    { id: "c", text: "calm" },
  ],
}));

describe("detectType", () => {
  it("puts files and bytes under the kind that they are, with their facts", async () => {
    const { made } = await through(detectType(), [
      { id: "sound", image: { path: example("media/foghorn.wav") } },
      { id: "film", audio: { path: example("media/ferry.mp4") } },
      { id: "photo", video: { bytes: photo, mimeType: "video/mp4" } },
      { id: "note", image: { path: example("notes/log.txt") } },
      { id: "long", audio: { bytes: Buffer.from("wave ".repeat(3000)), mimeType: "audio/wav" } },
    ]);
    const [sound, film, image, note, long] = made;
    expect(sound).toMatchObject({ audio: { mimeType: "audio/wav" } });
    expect(film).toMatchObject({ video: { mimeType: "video/mp4" } });
    expect(image).toMatchObject({ image: { mimeType: "image/jpeg", width: 50, height: 40 } });
    expect(note?.text).toContain("06:00 first boat in");
    expect(long?.text).toBe("wave ".repeat(3000));
    for (const input of made) {
      const kinds = (["image", "video", "audio", "text"] as const).filter((kind) => input[kind] !== undefined);
      expect(kinds).toHaveLength(1);
    }
  });

  it("keeps everything else of the input", async () => {
    const more = { id: "a", concepts: [{ id: "c" }], metadata: { n: 1 }, geo: { longitude: 1, latitude: 2 } };
    expect(await one(detectType(), { ...more, image: { path: example("media/foghorn.wav") } })).toMatchObject(more);
  });

  it("keeps the text beside an image, and does not replace it by another", async () => {
    const pair = await one(detectType(), { text: "a pier", image: { bytes: photo, mimeType: "image/png" } });
    expect(pair).toMatchObject({ text: "a pier", image: { mimeType: "image/jpeg" } });
    const both = { text: "a pier", image: { path: example("notes/log.txt") } };
    await expect(one(detectType(), both)).rejects.toThrow("ERR_INPUT_MEDIA");
  });

  it("leaves URLs and texts as they are", async () => {
    for (const input of [
      { image: { url: "https://a.test/x.wav" } },
      { text: "calm" },
      { textUrl: "https://a.test/x" },
    ]) {
      const [before, after] = await beforeAndAfter(detectType(), input);
      expect(after).toBe(before);
    }
  });

  it("fails contents of no known kind, empty ones and missing files alone", async () => {
    const path = fileWith(temp, "gone.jpg", photo);
    rmSync(path);
    const noise = Buffer.from([0, 1, 2, 3, 0, 255, 254, 7, 0, 0, 1, 9]);
    const { made, report } = await through(detectType(), [
      { id: "noise", image: { bytes: noise, mimeType: "image/png" } },
      { id: "empty", image: { bytes: new Uint8Array(), mimeType: "image/png" } },
      { id: "gone", image: { path, sizeBytes: 5 } },
      {
        id: "latin",
        audio: { bytes: Buffer.concat([Buffer.alloc(600_000, "a"), Buffer.from([0xe9, 0x20])]), mimeType: "a/b" },
      },
      { id: "good", audio: { bytes: exampleBytes("media/foghorn.wav"), mimeType: "image/png" } },
    ]);
    expect(made.map((input) => input.id)).toEqual(["good"]);
    expect(report.failures.map(({ id, code }) => [id, code]).sort()).toEqual([
      ["empty", "ERR_FILE_EMPTY"],
      ["gone", "ERR_FILE_UNREADABLE"],
      ["latin", "ERR_TEXT_ENCODING"],
      ["noise", "ERR_KIND_UNKNOWN"],
    ]);
  });
});
