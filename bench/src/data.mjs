/** The data sets: created once in a temporary folder, and used again as long as they exist. */

import { randomFillSync, randomInt } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A 1 × 1 JPEG; readers ignore the bytes after it. */
const jpeg = Buffer.from(
  "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=",
  "base64",
);

/** The beginning of an MP4: its type, a list with one video track, and a box with the rest of the file. */
function mp4(bytes) {
  const type = box("ftyp", Buffer.from("isom\0\0\x02\0isomiso2avc1mp41", "latin1"));
  const handler = box("hdlr", Buffer.alloc(8), Buffer.from("vide", "latin1"), Buffer.alloc(13));
  const tracks = box("moov", box("trak", box("mdia", handler)));
  const data = box("mdat");
  data.writeUInt32BE(bytes - type.length - tracks.length, 0);
  return Buffer.concat([type, tracks, data]);
}

function box(name, ...parts) {
  const content = Buffer.concat(parts);
  const header = Buffer.alloc(8);
  header.writeUInt32BE(header.length + content.length, 0);
  header.write(name, 4, "latin1");
  return Buffer.concat([header, content]);
}

/** The header of a WAV with 8,000 samples of one byte a second. */
function wav(bytes) {
  const header = Buffer.from(
    "RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\0\0\0\0\0\0\0\0\x01\0\x08\0data\0\0\0\0",
    "latin1",
  );
  header.writeUInt32LE(bytes - 8, 4);
  header.writeUInt32LE(8000, 24);
  header.writeUInt32LE(8000, 28);
  header.writeUInt32LE(bytes - 44, 40);
  return header;
}

export const sets = {
  small: { title: "10,000 images of 20 KB", kind: "image", count: 10_000, bytes: 20_000, extension: "jpg" },
  large: { title: "1,000 images of 900 KB", kind: "image", count: 1000, bytes: 900_000, extension: "jpg" },
  video: { title: "20 videos of 90 MB", kind: "video", count: 20, bytes: 90_000_000, extension: "mp4" },
  text: { title: "a CSV of 1,000,000 rows of text", kind: "text", count: 1_000_000, extension: "csv" },
};

/** Creates a set if it does not exist, and returns its path: a folder, or a CSV file. */
export function makeSet(name, set = sets[name]) {
  const { title, kind, count, bytes = 0, extension } = set;
  const folder = join(tmpdir(), "sluice-bench", name);
  const made = join(tmpdir(), "sluice-bench", `${name}.made`);
  const description = `${count} ${bytes} ${extension} 2`; // increase the number when the sets change
  const path = kind === "text" ? join(folder, "rows.csv") : folder;
  if (existsSync(made) && readFileSync(made, "utf8") === description) return path;
  process.stderr.write(`making ${title} in ${folder}\n`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  if (kind === "text") makeRows(path, count);
  else {
    const header = kind === "video" ? mp4(bytes) : kind === "audio" ? wav(bytes) : jpeg;
    for (let index = 0; index < count; index += 1) {
      makeFile(join(folder, `${name}-${String(index).padStart(6, "0")}.${extension}`), header, bytes);
    }
  }
  writeFileSync(made, description);
  return path;
}

const chunk = Buffer.alloc(1_000_000);

function makeFile(path, header, bytes) {
  const file = openSync(path, "w");
  for (let at = 0; at < bytes; at += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, bytes - at));
    randomFillSync(part);
    if (at === 0) header.copy(part);
    writeSync(file, part);
  }
  closeSync(file);
}

const words = "light door river paper green seven window letter quiet stone morning glass road winter, table".split(
  " ",
);

function makeRows(path, count) {
  const file = openSync(path, "w");
  let rows = "inputid,input\n";
  for (let index = 0; index < count; index += 1) {
    const text = Array.from({ length: 12 }, () => words[randomInt(words.length)]).join(" ");
    rows += `row-${String(index).padStart(7, "0")},${text.includes(",") ? `"${text}"` : text}\n`;
    if (rows.length < chunk.length && index < count - 1) continue;
    writeSync(file, rows);
    rows = "";
  }
  closeSync(file);
}
