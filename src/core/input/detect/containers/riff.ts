/** Detects RIFF and its forms for large files: WAV, AVI, WebP. */

import { byTracks, type Found } from "../found.js";
import type { Reader } from "../reader.js";

const names = new Set(["RIFF", "RIFX", "RF64", "BW64"]);
/** Maximum number of chunks that are skipped before the wanted one. */
const maxChunks = 64;

/** Describes a RIFF file by its form; returns undefined for other content and other forms. */
export function readRiff(reader: Reader): Found | undefined {
  const name = reader.head.toString("latin1", 0, 4);
  if (!names.has(name)) return undefined;
  const isBig = name === "RIFX";
  switch (reader.head.toString("latin1", 8, 12)) {
    case "WEBP":
      return { kind: "image", mimeType: "image/webp" };
    case "WAVE":
      return wave(reader, isBig);
    case "AVI ":
      return avi(reader);
    case "RMID":
      return { kind: "audio", mimeType: "audio/midi" };
    case "QLCM":
      return { kind: "audio", mimeType: "audio/qcelp" };
    case "ACON":
      return { kind: "image", mimeType: "application/x-navi-animation" };
    case "CDXA":
      return { kind: "video", mimeType: "video/mpeg" };
    default:
      return undefined;
  }
}

/** A WAV needs a chunk that describes the format of its sound. */
function wave(reader: Reader, isBig: boolean): Found {
  const found: Found = { kind: "audio", mimeType: "audio/wav" };
  for (let at = 12, chunks = 0; chunks < maxChunks; chunks += 1) {
    const header = reader.read(at, 8);
    if (header.length < 8) break;
    if (header.toString("latin1", 0, 4) === "fmt ") return found;
    const length = isBig ? header.readUInt32BE(4) : header.readUInt32LE(4);
    at += 8 + length + (length % 2);
  }
  if (reader.isWhole) found.broken = "it begins like a WAV, but has no format chunk: it is truncated or damaged";
  return found;
}

/** An AVI lists its streams in its header. */
function avi(reader: Reader): Found {
  const tracks = { video: false, audio: false };
  const list = reader.read(12, 12);
  const end = list.length === 12 && list.toString("latin1", 0, 4) === "LIST" ? 20 + list.readUInt32LE(4) : 0;
  const each = (from: number, to: number, visit: (id: string, at: number, length: number) => void) => {
    for (let at = from, chunks = 0; at < to && chunks < maxChunks; chunks += 1) {
      const header = reader.read(at, 8);
      if (header.length < 8) return;
      const length = header.readUInt32LE(4);
      visit(header.toString("latin1", 0, 4), at + 8, length);
      at += 8 + length + (length % 2);
    }
  };
  each(24, end, (id, at, length) => {
    if (id !== "LIST") return;
    each(at + 4, at + length, (inner, start) => {
      if (inner !== "strh") return;
      const type = reader.read(start, 4).toString("latin1");
      if (type === "vids" || type === "iavs") tracks.video = true;
      if (type === "auds") tracks.audio = true;
    });
  });
  return byTracks(
    tracks,
    { video: "video/vnd.avi", audio: "audio/vnd.avi" },
    "it begins like an AVI, but has no stream of video or audio: it is truncated or damaged",
  );
}
