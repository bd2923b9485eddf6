import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { flow, folder, type InputDraft, type TakeoutOptions, takeout } from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { example, folderWith, jpeg, tempFolder } from "../helpers/files.js";
import { beforeAndAfter, one, through } from "../helpers/transforms.js";

const temp = tempFolder();
const picture = await jpeg();
const sidecar = {
  title: "IMG_1.jpg",
  description: "At the quay",
  imageViews: "3",
  creationTime: { timestamp: "1700000000", formatted: "Nov 14, 2023" },
  photoTakenTime: { timestamp: "1685528000", formatted: "May 31, 2023" },
  geoData: { latitude: 51.92, longitude: 4.48, altitude: 0, latitudeSpan: 0, longitudeSpan: 0 },
  geoDataExif: { latitude: 0, longitude: 0 },
  people: [{ name: "Ada" }, { name: "" }, { name: "Grace" }],
  favorited: true,
  url: "https://photos.google.com/photo/abc",
};
const json = (more: object = {}) => JSON.stringify({ ...sidecar, ...more });

/** Returns what `takeout` makes of the first media file of a folder with these files. */
async function from(
  files: Record<string, string | Uint8Array>,
  options: TakeoutOptions = {},
  more: Partial<InputDraft> = {},
) {
  const path = folderWith(temp, files);
  const [name = ""] = Object.keys(files);
  const media = name.endsWith("mp4") ? "video" : "image";
  return through(takeout(options), [{ ...more, [media]: { path: join(path, name) } }]);
}
const titleFrom = async (files: Record<string, string | Uint8Array>) =>
  (await from(files)).made[0]?.metadata.description;

testTransform("takeout", async () => {
  const path = folderWith(temp, { "IMG_1.jpg": picture, "IMG_1.jpg.json": json() });
  return {
    transform: takeout(),
    inputs: [
      { id: "a", image: { path: join(path, "IMG_1.jpg") } },
      { id: "b", image: { path: example("harbour/quay.jpg") } },
      { id: "c", text: "calm sea" },
    ],
  };
});

describe("takeout", () => {
  it("takes time, location, description, people, address and flags", async () => {
    const { made } = await from({ "IMG_1.jpg": picture, "IMG_1.jpg.json": json() });
    expect(made[0]).toMatchObject({
      geo: { latitude: 51.92, longitude: 4.48 },
      metadata: {
        takenAt: "2023-05-31T10:13:20Z",
        takenAtZone: "UTC",
        description: "At the quay",
        people: ["Ada", "Grace"],
        url: "https://photos.google.com/photo/abc",
        favorited: true,
      },
    });
    expect(Object.keys(made[0]?.metadata ?? {})).not.toContain("archived");
  });

  const long = "Screenshot_20220207_102421_com.snapchat.android.jpg";
  it.each<[string, string, string]>([
    ["the older name", "IMG_1.jpg", "IMG_1.jpg.json"],
    ["the newer name", "IMG_1.jpg", "IMG_1.jpg.supplemental-metadata.json"],
    [
      "a shortened suffix",
      "Screenshot_2017-07-05-10-05-26.png.jpg",
      "Screenshot_2017-07-05-10-05-26.png.jpg.supplem.json",
    ],
    ["a suffix of one point", "IMG_1.jpg", "IMG_1.jpg..json"],
    ["a shortened name", long, `${long.slice(0, 46)}.json`],
    ["a number at the end of the older name", "IMG_1(2).jpg", "IMG_1.jpg(2).json"],
    ["a number at the end of the newer name", "IMG_1(2).jpg", "IMG_1.jpg.supplemental-metadata(2).json"],
    ["a number that did not move", "IMG_1(2).jpg", "IMG_1(2).jpg.json"],
    ["the original of an edited copy", "IMG_1-edited.jpg", "IMG_1.jpg.json"],
    ["the original of a numbered edited copy", "IMG_1-edited(2).jpg", "IMG_1.jpg(2).json"],
    [
      "the original of a copy edited in French",
      "IMG_1-modifié.jpg".normalize("NFD"),
      "IMG_1.jpg.supplemental-metadata.json",
    ],
    ["the picture of a live photo", "IMG_1.mp4", "IMG_1.HEIC.supplemental-metadata.json"],
  ])("finds %s: %s", async (_, file, name) => {
    const media = file.endsWith("mp4")
      ? (await import("../helpers/files.js")).exampleBytes("media/ferry.mp4")
      : picture;
    expect(await titleFrom({ [file]: media, [name]: json(), "IMG_2.jpg.json": json({ description: "other" }) })).toBe(
      "At the quay",
    );
  });

  it.each<[string, string, string]>([
    ["another number", "IMG_1(2).jpg", "IMG_1.jpg(1).json"],
    ["no number", "IMG_1(2).jpg", "IMG_1.jpg.json"],
    ["another extension", "IMG_1.png", "IMG_1.jpg.json"],
    ["a longer name", "IMG_1.jpg", "IMG_10.jpg.json"],
    ["a suffix of another kind", "IMG_1.jpg", "IMG_1.jpg.other.json"],
  ])("takes nothing from a sidecar with %s", async (_, file, name) => {
    const { made, report } = await from({ [file]: picture, [name]: json() });
    expect(made[0]?.metadata).toEqual({});
    expect(report.notes).toEqual({ "takeout: the file has no sidecar": 1 });
  });

  it("prefers the sidecar of an edited copy to that of its original", async () => {
    const files = { "IMG_1-edited.jpg": picture, "IMG_1.jpg.json": json({ description: "original" }) };
    expect(await titleFrom({ ...files, "IMG_1-edited.jpg.json": json({ description: "copy" }) })).toBe("copy");
  });

  it("takes nothing if several sidecars fit, or one is broken", async () => {
    const twice = await from({ "IMG_1.jpg": picture, "IMG_1.jpg.json": json(), "IMG_1.jpg.suppl.json": json() });
    expect(Object.keys(twice.report.notes)).toEqual([expect.stringContaining("several sidecars")]);
    const broken = await from({ "IMG_1.jpg": picture, "IMG_1.jpg.json": "{" });
    expect(Object.keys(broken.report.notes)).toEqual([expect.stringContaining("not readable JSON")]);
  });

  it("takes no location of 0, 0 and no time of 0, and falls back on the location in the file", async () => {
    const none = { geoData: { latitude: 0, longitude: 0 }, photoTakenTime: { timestamp: "0" } };
    const { made } = await from({ "IMG_1.jpg": picture, "IMG_1.jpg.json": json(none) });
    expect(made[0]?.geo).toBeUndefined();
    expect(made[0]?.metadata.takenAt).toBeUndefined();
    const exif = json({ ...none, geoDataExif: { latitude: -33.9, longitude: 151.2 } });
    const second = await from({ "IMG_1.jpg": picture, "IMG_1.jpg.json": exif });
    expect(second.made[0]?.geo).toEqual({ latitude: -33.9, longitude: 151.2 });
  });

  it("keeps the values of the input unless it overwrites", async () => {
    const more = { geo: { longitude: 1, latitude: 2 }, metadata: { description: "mine", filename: "x.jpg" } };
    const files = { "IMG_1.jpg": picture, "IMG_1.jpg.json": json() };
    const kept = (await from(files, {}, more)).made[0];
    expect(kept).toMatchObject({
      geo: more.geo,
      metadata: { description: "mine", title: "IMG_1.jpg", favorited: true },
    });
    const replaced = (await from(files, { overwrite: true }, more)).made[0];
    expect(replaced).toMatchObject({ geo: { longitude: 4.48 }, metadata: { description: "At the quay" } });
    expect((await from(files, { prefix: "google_" }, more)).made[0]?.metadata).toMatchObject({
      description: "mine",
      google_description: "At the quay",
      google_takenAtZone: "UTC",
    });
  });

  it("works behind folder(), which skips the sidecars, and passes other contents", async () => {
    const path = folderWith(temp, { "IMG_1.jpg": picture, "IMG_1.jpg.json": json() });
    const made = await flow(folder(path)).pipe(takeout()).toArray();
    expect(made.map(({ metadata }) => metadata)).toEqual([
      expect.objectContaining({ filename: "IMG_1.jpg", favorited: true }),
    ]);
    const [before, after] = await beforeAndAfter(takeout(), { text: "x" });
    expect(after).toBe(before);
    expect((await one(takeout(), { image: { bytes: picture } })).metadata).toEqual({});
  });
});
