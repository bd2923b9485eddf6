/** Detects WebM and Matroska by the entries of their track list. Attached pictures do not count as tracks. */

import { byTracks, type Found } from "../found.js";
import type { Reader } from "../reader.js";

const ids = {
  ebml: 0x1a45dfa3,
  docType: 0x4282,
  segment: 0x18538067,
  seekHead: 0x114d9b74,
  seek: 0x4dbb,
  seekId: 0x53ab,
  seekPosition: 0x53ac,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackType: 0x83,
};
/** Maximum number of elements that are skipped on each level. */
const maxElements = 200;

interface Element {
  id: number;
  start: number;
  /** Infinity if the length is unknown, as in a stream. */
  length: number;
}

/** Describes a WebM or Matroska file; undefined for other content. */
export function readMatroska(reader: Reader): Found | undefined {
  if (reader.head.length < 8 || reader.head.readUInt32BE(0) !== ids.ebml) return undefined;
  const header = elementAt(reader, 0);
  if (!header) return undefined;
  const headerEnd = header.start + Math.min(header.length, 4096);
  const docType = [...elements(reader, header.start, headerEnd)].find(({ id }) => id === ids.docType);
  const name = docType ? reader.read(docType.start, Math.min(docType.length, 32)).toString("latin1") : "";
  const isWebm = name.startsWith("webm");
  if (!isWebm && !name.startsWith("matroska")) return undefined; // another format in EBML
  const types = isWebm
    ? { video: "video/webm", audio: "audio/webm" }
    : { video: "video/matroska", audio: "audio/matroska" };
  const segment = elementAt(reader, headerEnd);
  const tracks = segment?.id === ids.segment ? tracksIn(reader, segment) : undefined;
  if (!tracks && !reader.isWhole) return { kind: "video", mimeType: types.video };
  const broken = `it begins like a ${isWebm ? "WebM" : "Matroska"} file, but has no track of video or audio: it is truncated or damaged`;
  return byTracks(tracks ?? { video: false, audio: false }, types, broken);
}

function tracksIn(reader: Reader, segment: Element): { video: boolean; audio: boolean } | undefined {
  let position: number | undefined;
  for (const element of elements(reader, segment.start, segment.start + segment.length)) {
    if (element.id === ids.tracks) return typesIn(reader, element);
    if (element.id === ids.seekHead) position ??= positionOfTracks(reader, element);
  }
  const found = position === undefined ? undefined : elementAt(reader, segment.start + position);
  return found?.id === ids.tracks ? typesIn(reader, found) : undefined;
}

function typesIn(reader: Reader, tracks: Element): { video: boolean; audio: boolean } {
  const found = { video: false, audio: false };
  for (const entry of elements(reader, tracks.start, tracks.start + tracks.length)) {
    if (entry.id !== ids.trackEntry) continue;
    for (const { id, start, length } of elements(reader, entry.start, entry.start + entry.length)) {
      if (id !== ids.trackType) continue;
      const type = numberIn(reader, start, length);
      if (type === 1 || type === 3) found.video = true;
      if (type === 2) found.audio = true;
    }
  }
  return found;
}

/** Returns the position of the track list by the index at the beginning. */
function positionOfTracks(reader: Reader, seekHead: Element): number | undefined {
  for (const seek of elements(reader, seekHead.start, seekHead.start + seekHead.length)) {
    if (seek.id !== ids.seek) continue;
    let target = 0;
    let position: number | undefined;
    for (const { id, start, length } of elements(reader, seek.start, seek.start + seek.length)) {
      if (id === ids.seekId) target = numberIn(reader, start, length);
      if (id === ids.seekPosition) position = numberIn(reader, start, length);
    }
    if (target === ids.tracks) return position;
  }
  return undefined;
}

function numberIn(reader: Reader, start: number, length: number): number {
  const bytes = reader.read(start, Math.min(length, 8));
  return bytes.length > 6
    ? Number(BigInt(`0x${bytes.toString("hex")}`))
    : bytes.length > 0
      ? bytes.readUIntBE(0, bytes.length)
      : 0;
}

function* elements(reader: Reader, from: number, to: number): Generator<Element> {
  for (let at = from, count = 0; at < to && count < maxElements; count += 1) {
    const element = elementAt(reader, at);
    if (!element) return;
    yield element;
    at = element.start + element.length;
  }
}

/** Reads the id (with its marker bits) and the length of the element at a position. */
function elementAt(reader: Reader, at: number): Element | undefined {
  const bytes = reader.read(at, 12);
  const idBytes = Math.clz32(bytes[0] ?? 0) - 23;
  if (bytes.length < idBytes + 1 || idBytes > 4) return undefined;
  const first = bytes[idBytes] as number;
  const lengthBytes = Math.clz32(first) - 23;
  if (lengthBytes > 8 || bytes.length < idBytes + lengthBytes) return undefined;
  let length = first & (0xff >> lengthBytes);
  let isUnknown = length === 0xff >> lengthBytes;
  for (const byte of bytes.subarray(idBytes + 1, idBytes + lengthBytes)) {
    length = length * 256 + byte;
    isUnknown &&= byte === 0xff;
  }
  return {
    id: bytes.readUIntBE(0, idBytes),
    start: at + idBytes + lengthBytes,
    length: isUnknown ? Number.POSITIVE_INFINITY : length,
  };
}
