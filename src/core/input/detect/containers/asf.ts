/** Detects ASF (WMV, WMA), by the stream properties in its header. Covers and tags may precede them. */

import { byTracks, type Found } from "../found.js";
import type { Reader } from "../reader.js";

/** Identifiers of objects, as they are written. */
const guids = {
  header: "3026b2758e66cf11a6d900aa0062ce6c",
  extension: "b503bf5f2ea9cf118ee300c00c205365",
  extendedStream: "cba5e61472c632438399a96952065b5a",
  stream: "9107dcb7b7a9cf118ee600c00c205365",
  video: "c0ef19bc4d5bcf11a8fd00805f5c442b",
  audio: "409e69f84d5bcf11a8fd00805f5c442b",
};
const maxObjects = 200;

/** Describes an ASF file; undefined for other content. */
export function readAsf(reader: Reader): Found | undefined {
  const { head } = reader;
  if (head.length < 30 || head.toString("hex", 0, 16) !== guids.header) return undefined;
  const tracks = { video: false, audio: false };
  const end = Number(head.readBigUInt64LE(16));
  visit(reader, 30, end, tracks);
  if (!tracks.video && !tracks.audio && !reader.isWhole) return { kind: "video", mimeType: "video/x-ms-asf" };
  return byTracks(
    tracks,
    { video: "video/x-ms-asf", audio: "audio/x-ms-asf" },
    "it begins like an ASF (WMV, WMA), but has no stream of video or audio: it is truncated or damaged",
  );
}

function visit(reader: Reader, from: number, to: number, tracks: { video: boolean; audio: boolean }): void {
  for (let at = from, count = 0; at + 24 <= to && count < maxObjects; count += 1) {
    const header = reader.read(at, 40);
    if (header.length < 24) return;
    const guid = header.toString("hex", 0, 16);
    const length = Number(header.readBigUInt64LE(16));
    if (length < 24) return;
    if (guid === guids.stream) {
      const type = header.toString("hex", 24, 40);
      if (type === guids.video) tracks.video = true;
      if (type === guids.audio) tracks.audio = true;
    }
    if (guid === guids.extension) visit(reader, at + 46, at + length, tracks);
    if (guid === guids.extendedStream) visitExtended(reader, at, length, tracks);
    at += length;
  }
}

/** Extended stream properties may contain stream properties, after names and extensions of payloads. */
function visitExtended(reader: Reader, at: number, length: number, tracks: { video: boolean; audio: boolean }): void {
  const fixed = reader.read(at + 84, 4);
  if (fixed.length < 4) return;
  let position = at + 88;
  for (let names = fixed.readUInt16LE(0); names > 0; names -= 1) {
    const name = reader.read(position, 4);
    if (name.length < 4) return;
    position += 4 + name.readUInt16LE(2);
  }
  for (let payloads = fixed.readUInt16LE(2); payloads > 0; payloads -= 1) {
    const payload = reader.read(position, 22);
    if (payload.length < 22) return;
    position += 22 + payload.readUInt32LE(18);
  }
  visit(reader, position, at + length, tracks);
}
