/** Detects MP3 and AAC streams: several matching frame headers in a row, at the beginning, after a tag, or after unknown bytes. */

import type { MediaKind } from "../kinds.js";
import type { Found } from "./found.js";
import type { Reader } from "./reader.js";

/** Matching frames that are needed in a row. */
const minFrames = 4;
/** The same after unknown bytes, since other content may contain a piece of sound. */
const minFramesAfterUnknown = 8;
/** Bytes searched for the first frame: in a file that is named like audio or begins with a tag, and in any other file. */
const longSearch = 256 * 1024;
const shortSearch = 4096;
/** Maximum number of zeros at the beginning that are skipped. */
const maxZeros = 256 * 1024;
const maxTags = 4;
const chunkBytes = 64 * 1024;

const bitrates = {
  1: [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  2: [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  3: [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  low1: [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  low: [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
};
const rates = [44100, 48000, 32000];

interface Frame {
  bytes: number;
  /** Properties that all frames of a stream have in common. */
  stream: string;
  mimeType: "audio/mpeg" | "audio/aac";
}

/** Describes content that begins with frames or with an ID3 tag; returns undefined for other content, after a short read. */
export function readMpegAudio(reader: Reader): Found | undefined {
  const { head } = reader;
  if (head.toString("latin1", 0, 4) === "ADIF") return { kind: "audio", mimeType: "audio/aac" };
  const afterTags = endOfTags(reader);
  if (afterTags === 0) return head[0] === 0xff ? audioOf(framesAt(reader, 0, minFrames)) : undefined;
  const beginning = reader.read(afterTags, 16).toString("latin1");
  for (const [signature, mimeType] of taggedFormats) {
    if (beginning.startsWith(signature)) return { kind: "audio", mimeType };
  }
  const found =
    audioOf(framesAt(reader, afterTags, minFrames)) ?? audioOf(search(reader, afterTags, longSearch, minFrames));
  if (found) return found;
  if (!reader.isWhole) return { kind: "audio", mimeType: "audio/mpeg" };
  const broken = "it begins with an ID3 tag, but no sound follows it: it is truncated or damaged";
  return { kind: "audio", mimeType: "audio/mpeg", broken };
}

/** Other formats that may have an ID3 tag before them. */
const taggedFormats: readonly [string, string][] = [
  ["fLaC", "audio/flac"],
  ["MAC ", "audio/ape"],
  ["wvpk", "audio/wavpack"],
  ["TTA1", "audio/x-tta"],
  ["MP+", "audio/x-musepack"],
  ["MPCK", "audio/x-musepack"],
  ["ADIF", "audio/aac"],
  ["OggS", "audio/ogg"],
  ["RIFF", "audio/wav"],
  ["FORM", "audio/aiff"],
];

/**
 * Searches for sound after zeros, unknown bytes or a truncated frame, in content that no other detector recognized. `kind` is the kind by the file's name.
 * Audio files are searched further than files with other names, which also need more frames in a row. Images and videos are not searched.
 */
export function searchMpegAudio(reader: Reader, kind: MediaKind | undefined): Found | undefined {
  if (kind === "image" || kind === "video") return undefined;
  const start = endOfTags(reader, endOfZeros(reader));
  return audioOf(
    kind === "audio"
      ? search(reader, start, longSearch, minFrames)
      : search(reader, start, shortSearch, minFramesAfterUnknown),
  );
}

function audioOf(frame: Frame | undefined): Found | undefined {
  return frame && { kind: "audio", mimeType: frame.mimeType };
}

/** Returns the position after the ID3v2 tags at a position. */
function endOfTags(reader: Reader, from = 0): number {
  let at = from;
  for (let count = 0; count < maxTags; count += 1) {
    const header = reader.read(at, 10);
    if (header.length < 10 || header.toString("latin1", 0, 3) !== "ID3" || header[3] === 0xff) break;
    const [size1 = 0, size2 = 0, size3 = 0, size4 = 0] = header.subarray(6, 10);
    const footer = ((header[5] as number) & 0x10) !== 0 ? 10 : 0;
    at += 10 + ((size1 & 0x7f) << 21) + ((size2 & 0x7f) << 14) + ((size3 & 0x7f) << 7) + (size4 & 0x7f) + footer;
  }
  return at;
}

function endOfZeros(reader: Reader): number {
  if (reader.head[0] !== 0) return 0;
  for (let at = 0; at < maxZeros; ) {
    const part = reader.read(at, at === 0 ? reader.head.length : chunkBytes);
    const index = part.findIndex((byte) => byte !== 0);
    if (index >= 0) return at + index;
    if (part.length === 0) break;
    at += part.length;
  }
  return 0;
}

/** Finds the first frame of a row of frames within `length` bytes. */
function search(reader: Reader, from: number, length: number, frames: number): Frame | undefined {
  for (let at = from; at < from + length; at += chunkBytes) {
    const part = reader.read(at, Math.min(chunkBytes, from + length - at));
    if (part.length < 4) return undefined;
    for (let index = part.indexOf(0xff); index >= 0; index = part.indexOf(0xff, index + 1)) {
      if (index + 7 > part.length || !frameOf(part.subarray(index, index + 7))) continue;
      const found = framesAt(reader, at + index, frames);
      if (found) return found;
    }
  }
  return undefined;
}

/** Returns the first of several frames in a row at a position. Fewer are enough if the content ends with them. */
function framesAt(reader: Reader, from: number, frames: number): Frame | undefined {
  const first = frameOf(reader.read(from, 7));
  if (!first) return undefined;
  let at = from + first.bytes;
  for (let count = 1; count < frames; count += 1) {
    if (at >= reader.sizeBytes)
      return frames === minFrames && (count > 1 || at === reader.sizeBytes) ? first : undefined;
    const header = reader.read(at, 8);
    if (header.length < 7 && !reader.isWhole) return first;
    const next = frameOf(header);
    if (next?.stream !== first.stream)
      return /^(?:TAG|APETAGEX|LYRICSBE)/.test(header.toString("latin1")) ? first : undefined;
    at += next.bytes;
  }
  return first;
}

/** Parses a frame header of MPEG audio or ADTS. */
function frameOf(bytes: Buffer): Frame | undefined {
  if (bytes.length < 4 || bytes[0] !== 0xff || ((bytes[1] as number) & 0xe0) !== 0xe0) return undefined;
  const [, second = 0, third = 0, fourth = 0, fifth = 0, sixth = 0] = bytes;
  const layer = 4 - ((second >> 1) & 3);
  if (layer === 4)
    return (second & 0xf0) === 0xf0 && bytes.length >= 6 ? adtsFrame(second, third, fourth, fifth, sixth) : undefined;
  const version = (second >> 3) & 3; // 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
  const rate = rates[(third >> 2) & 3];
  const isFirst = version === 3;
  const table = isFirst ? bitrates[layer as 1 | 2 | 3] : layer === 1 ? bitrates.low1 : bitrates.low;
  const bitrate = table[(third >> 4) - 1];
  if (version === 1 || rate === undefined || bitrate === undefined || (fourth & 3) === 2) return undefined;
  const hertz = isFirst ? rate : version === 2 ? rate / 2 : rate / 4;
  const padding = (third >> 1) & 1;
  const factor = layer === 1 ? 12 : layer === 3 && !isFirst ? 72 : 144;
  const slots = Math.floor((factor * bitrate * 1000) / hertz) + padding;
  return { bytes: layer === 1 ? slots * 4 : slots, stream: `${version} ${layer} ${hertz}`, mimeType: "audio/mpeg" };
}

function adtsFrame(second: number, third: number, fourth: number, fifth: number, sixth: number): Frame | undefined {
  const bytes = ((fourth & 3) << 11) | (fifth << 3) | (sixth >> 5);
  const rate = (third >> 2) & 15;
  if (rate > 12 || bytes < 8) return undefined;
  return { bytes, stream: `aac ${second & 8} ${third >> 6} ${rate}`, mimeType: "audio/aac" };
}
