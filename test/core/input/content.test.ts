import { describe, expect, it } from "vitest";
import { describeBytes, describeFile } from "../../../src/core/input/describe.js";
import { fileWith, tempFolder } from "../../helpers/files.js";

const temp = tempFolder();

function block(marker: number, bytes: number): Buffer {
  const found = Buffer.alloc(2 + bytes, 0x20);
  found.writeUInt16BE(0xff00 + marker, 0);
  found.writeUInt16BE(bytes, 2);
  return found;
}

/** A JPEG up to its frame header, behind blocks of the given lengths. */
function jpeg(width: number, height: number, lengths: readonly number[]): Buffer {
  const frame = block(0xc0, 17);
  frame.writeUInt16BE(height, 5);
  frame.writeUInt16BE(width, 7);
  return Buffer.concat([Buffer.from([0xff, 0xd8]), ...lengths.map((bytes) => block(0xe1, bytes)), frame]);
}

describe("the size of a JPEG", () => {
  it.each([
    ["at its beginning", [16]],
    ["after a small picture in its EXIF block", [60_000]],
    ["after many long blocks, far after the first bytes", Array.from({ length: 20 }, () => 65_000)],
    ["at the end of the first read", [4085]],
    ["across the end of the first read", [4090]],
  ])("is found %s", async (_, lengths) => {
    const bytes = jpeg(4032, 3024, lengths);
    const file = await describeFile(fileWith(temp, "a.jpg", bytes));
    expect(file).toMatchObject({ kind: "image", content: { mimeType: "image/jpeg", width: 4032, height: 3024 } });
    expect(await describeBytes({ bytes })).toMatchObject({ kind: "image", content: { width: 4032, height: 3024 } });
  });

  it.each([
    ["that end before it", jpeg(10, 10, [60_000]).subarray(0, 5000)],
    ["that are longer than the file", Buffer.concat([Buffer.from([0xff, 0xd8]), block(0xe1, 60_000).subarray(0, 100)])],
    [
      "that are too many",
      jpeg(
        10,
        10,
        Array.from({ length: 20_000 }, () => 30),
      ),
    ],
  ])("is missing, and the file fails, with blocks %s", async (_, bytes) => {
    const described = async () => describeFile(fileWith(temp, "b.jpg", bytes));
    await expect(described()).rejects.toMatchObject({ code: "ERR_KIND_UNKNOWN" });
    await expect(describeBytes({ bytes })).rejects.toThrow("its size cannot be read");
  });
});
