import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { type InputDraft, setGeo, takenAt } from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { bytes, isoFile, u32be } from "../helpers/bombs.js";
import { heicOf, jpegOf, segment, xmp } from "../helpers/exif-files.js";
import { example, fileWith, jpeg, tempFolder } from "../helpers/files.js";
import { beforeAndAfter, one, through } from "../helpers/transforms.js";

const temp = tempFolder();
type Fields = Record<string, string>;
const rotterdam = {
  GPSLatitudeRef: "N",
  GPSLatitude: "51/1 55/1 0/1",
  GPSLongitudeRef: "E",
  GPSLongitude: "4/1 30/1 0/1",
};
const kathmandu = {
  GPSLatitudeRef: "N",
  GPSLatitude: "27/1 42/1 0/1",
  GPSLongitudeRef: "E",
  GPSLongitude: "85/1 18/1 0/1",
};
const gpsTime = (day: string, time: string) => ({
  GPSDateStamp: day,
  GPSTimeStamp: time.replace(/\d+/g, "$&/1").replaceAll(":", " "),
});

async function photo(exif: Fields, gps: Fields = {}): Promise<Buffer> {
  return sharp(await jpeg())
    .withExif({ IFD2: exif, IFD3: gps })
    .toBuffer();
}
async function timeOf(exif: Fields, gps: Fields = {}): Promise<unknown[]> {
  const { made, report } = await through(takenAt(), [{ image: { bytes: await photo(exif, gps) } }]);
  const { takenAt: at, takenAtZone: zone } = made[0]?.metadata ?? {};
  return [at, zone, ...Object.keys(report.notes).map((note) => note.replace("takenAt: ", ""))];
}
const at = (text: string, more: Fields = {}): Fields => ({ DateTimeOriginal: text, ...more });

testTransform("takenAt", async () => ({
  transform: takenAt(),
  inputs: [
    { id: "a", image: { path: fileWith(temp, "a.jpg", await photo(at("2024:05:03 14:22:10"), rotterdam)) } },
    { id: "b", image: { path: example("harbour/quay.jpg") } },
    { id: "c", text: "calm sea" },
  ],
}));

describe("takenAt", () => {
  it.each<[string, Fields, Fields, unknown[]]>([
    [
      "the offset of the file",
      at("2024:05:03 14:22:10", { OffsetTimeOriginal: "-05:30" }),
      rotterdam,
      ["2024-05-03T14:22:10-05:30", "-05:30"],
    ],
    [
      "fractions of a second",
      at("2024:05:03 14:22:10", { OffsetTimeOriginal: "+02:00", SubSecTimeOriginal: "250" }),
      {},
      ["2024-05-03T14:22:10.25+02:00", "+02:00"],
    ],
    [
      "the zone of the place in summer",
      at("2024:07:03 14:22:10"),
      rotterdam,
      ["2024-07-03T14:22:10+02:00", "Europe/Amsterdam"],
    ],
    [
      "the zone of the place in winter",
      at("2024:01:03 14:22:10"),
      rotterdam,
      ["2024-01-03T14:22:10+01:00", "Europe/Amsterdam"],
    ],
    [
      "a zone with quarters of an hour",
      at("2024:01:03 14:22:10"),
      kathmandu,
      ["2024-01-03T14:22:10+05:45", "Asia/Kathmandu"],
    ],
    [
      "the zone of the place, confirmed by GPS",
      at("2024:07:03 14:22:10"),
      { ...rotterdam, ...gpsTime("2024:07:03", "12:21:50") },
      ["2024-07-03T14:22:10+02:00", "Europe/Amsterdam"],
    ],
    [
      "the time of GPS without a place, across midnight",
      at("2024:07:03 20:22:10"),
      gpsTime("2024:07:04", "3:22:5"),
      ["2024-07-03T20:22:10-07:00", "-07:00"],
    ],
    [
      "the time of digitizing in a scan",
      { DateTimeDigitized: "2001:02:03 04:05:06", OffsetTimeDigitized: "+01:00" },
      {},
      ["2001-02-03T04:05:06+01:00", "+01:00"],
    ],
    ["no offset without a place", at("2024:05:03 14:22:10"), {}, ["2024-05-03T14:22:10", "unknown"]],
    [
      "no offset that no zone has",
      at("2024:05:03 14:22:10", { OffsetTimeOriginal: "+19:00" }),
      {},
      ["2024-05-03T14:22:10", "unknown"],
    ],
    [
      "no offset of blanks",
      at("2024:05:03 14:22:10", { OffsetTimeOriginal: "   :  " }),
      {},
      ["2024-05-03T14:22:10", "unknown"],
    ],
  ])("takes %s", async (_, exif, gps, expected) => {
    expect(await timeOf(exif, gps)).toEqual(expected);
  });

  it.each<[string, Fields, Fields, unknown[]]>([
    [
      "in the skipped hour",
      at("2024:03:31 02:30:00"),
      rotterdam,
      ["2024-03-31T02:30:00", "unknown", expect.stringContaining("never showed this time")],
    ],
    [
      "in the repeated hour",
      at("2024:10:27 02:30:00"),
      rotterdam,
      ["2024-10-27T02:30:00", "unknown", expect.stringContaining("twice")],
    ],
    [
      "in the repeated hour, decided by GPS",
      at("2024:10:27 02:30:00"),
      { ...rotterdam, ...gpsTime("2024:10:27", "1:30:0") },
      ["2024-10-27T02:30:00+01:00", "Europe/Amsterdam"],
    ],
    [
      "of a clock in another zone",
      at("2024:07:03 14:22:10"),
      { ...kathmandu, ...gpsTime("2024:07:03", "12:22:10") },
      ["2024-07-03T14:22:10+02:00", "+02:00", expect.stringContaining("not set to the zone")],
    ],
    [
      "with an old fix of GPS",
      at("2024:07:03 14:22:10"),
      { ...rotterdam, ...gpsTime("2024:07:02", "9:7:0") },
      ["2024-07-03T14:22:10+02:00", "Europe/Amsterdam", expect.stringContaining("differ by more than an hour")],
    ],
  ])("says so for a time %s", async (_, exif, gps, expected) => {
    expect(await timeOf(exif, gps)).toEqual(expected);
  });

  it.each<[string, string[]]>([
    ["0000:00:00 00:00:00", []],
    ["    :  :     :  :  ", []],
    ["2021:02:30 10:00:00", ["the date does not exist, so no time was taken"]],
    ["2021:02:28 24:00:00", ["the date does not exist, so no time was taken"]],
    ["yesterday at noon!!", ["the date does not exist, so no time was taken"]],
  ])("takes no time from %j", async (text, notes) => {
    expect(await timeOf(at(text), rotterdam)).toEqual([undefined, undefined, ...notes]);
  });

  it("takes the zone from the geo of the input", async () => {
    const bytes = await photo(at("2024:07:03 14:22:10"));
    const image = { bytes };
    const placed = await one(setGeo({ longitude: 151.2, latitude: -33.87 }), { image });
    expect((await one(takenAt(), { image, geo: placed.geo as never })).metadata).toEqual({
      takenAt: "2024-07-03T14:22:10+10:00",
      takenAtZone: "Australia/Sydney",
    });
  });

  it("reads XMP if there is no EXIF, and EXIF of HEIC", async () => {
    const document = xmp("51,55N", "4,30E").replace(
      "exif:GPSLatitude",
      'photoshop:DateCreated="2020-06-01T08:09" exif:GPSLatitude',
    );
    const inXmp = jpegOf(
      segment(0xc0, "\x08", Buffer.from([0, 16, 0, 16, 1, 1, 0x11, 0])),
      segment(0xe1, "http://ns.adobe.com/xap/1.0/\0", document),
    );
    expect((await one(takenAt(), { image: { bytes: inXmp } })).metadata).toEqual({
      takenAt: "2020-06-01T08:09:00+02:00",
      takenAtZone: "Europe/Amsterdam",
    });
    const exif = (await sharp(await photo(at("2024:07:03 14:22:10"))).metadata()).exif as Buffer;
    const heic = heicOf(bytes(u32be(6), exif));
    expect((await one(takenAt(), { image: { bytes: heic } })).metadata).toMatchObject({
      takenAt: "2024-07-03T14:22:10",
    });
  });

  it.each<[string, Buffer[], object]>([
    ["the header in UTC", [mvhd(3_800_000_000)], { takenAt: "2024-05-31T11:33:20Z", takenAtZone: "UTC" }],
    ["a header of 64 bits", [mvhd(3_800_000_000, 1)], { takenAt: "2024-05-31T11:33:20Z", takenAtZone: "UTC" }],
    [
      "the creation date of a phone",
      [mvhd(3_800_000_000), appleMeta("2024-05-31T05:33:20+0200")],
      { takenAt: "2024-05-31T05:33:20+02:00", takenAtZone: "+02:00" },
    ],
    ["no time of zero", [mvhd(0)], {}],
    ["no time that counts from 1970", [mvhd(1_700_000_000)], {}],
  ])("takes from a video %s", async (_, boxes, expected) => {
    const bytes = Buffer.concat([isoFile("isom").subarray(0, 24), box("moov", ...boxes, track)]);
    expect((await one(takenAt(), { video: { bytes } })).metadata).toEqual(expected);
  });

  it("keeps an existing time unless it overwrites, and writes under another key", async () => {
    const image = { bytes: await photo(at("2024:07:03 14:22:10")) };
    const input: InputDraft = { image, metadata: { takenAt: "mine" } };
    const [before, after] = await beforeAndAfter(takenAt(), input);
    expect(after).toBe(before);
    expect((await one(takenAt({ overwrite: true }), input)).metadata.takenAt).toBe("2024-07-03T14:22:10");
    expect((await one(takenAt({ field: "shot" }), input)).metadata).toEqual({
      takenAt: "mine",
      shot: "2024-07-03T14:22:10",
      shotZone: "unknown",
    });
  });

  it("notes a URL and broken metadata", async () => {
    const broken = jpegOf(
      segment(0xc0, "\x08", Buffer.from([0, 16, 0, 16, 1, 1, 0x11, 0])),
      segment(0xe1, "Exif\0\0MM\0*", u32be(9999)),
    );
    const { report } = await through(takenAt(), [
      { id: "url", image: { url: "https://a.test/x.jpg" } },
      { id: "cut", image: { bytes: broken } },
    ]);
    expect(Object.keys(report.notes)).toEqual([expect.stringContaining("URL"), expect.stringContaining("broken")]);
  });
});

function box(type: string, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  return bytes(u32be(body.length + 8), type, body);
}

const track = box("trak", box("mdia", box("hdlr", Buffer.alloc(8), Buffer.from("vide"), Buffer.alloc(13))));

function mvhd(seconds: number, version = 0): Buffer {
  const time = version === 1 ? u32be(0, seconds) : u32be(seconds);
  return box("mvhd", Buffer.from([version, 0, 0, 0]), time, Buffer.alloc(92));
}

function appleMeta(date: string): Buffer {
  const key = (name: string) => bytes(u32be(name.length + 8), "mdta", name);
  const keys = box("keys", u32be(0, 2), key("com.apple.quicktime.make"), key("com.apple.quicktime.creationdate"));
  const value = (number: number, text: string) => {
    const item = box("data", u32be(1, 0), Buffer.from(text));
    return bytes(u32be(item.length + 8, number), item);
  };
  return box("meta", box("hdlr", Buffer.alloc(24)), keys, box("ilst", value(1, "Apple"), value(2, date)));
}
