/** Times of videos: reads when an MP4 or QuickTime file was recorded. */

import { type ByteRange, partOf } from "../exif/byte-range.js";
import { boxesIn, boxIn } from "../exif/iso-boxes.js";
import { Steps } from "../exif/metadata-block.js";
import type { FoundTime } from "./found-time.js";
import { parseLocal, parseOffset } from "./local-time.js";

/** Seconds from 1904, where these files begin to count, to 1970. */
const epochSeconds = 2_082_844_800;
const creationKey = "com.apple.quicktime.creationdate";
/** Maximum bytes of a box that is read whole. */
const maxBytes = 64 * 1024;

/** Reads the creation time: that with an offset, which phones of Apple write, else that of the movie header, which is in UTC. */
export function movieTime(file: ByteRange): FoundTime {
  const steps = new Steps();
  const movie = boxIn(file, "moov", steps);
  if (!movie) return {};
  const text = creationDate(movie, steps);
  const local = text === undefined ? undefined : parseLocal(text);
  if (text !== undefined && local && local !== "invalid") {
    return { time: { local, offset: parseOffset(/[+-]\d\d:?\d\d$/.exec(text)?.[0]) } };
  }
  const header = boxIn(movie, "mvhd", steps)?.read(0, 16);
  if (!header || header.length < 16) return {};
  const seconds = header[0] === 1 ? Number(header.readBigUInt64BE(4)) : header.readUInt32BE(4);
  if (seconds <= epochSeconds) return {}; // zero, or a count from 1970: not a time that the format defines
  const date = new Date((seconds - epochSeconds) * 1000);
  const utc = Number.isNaN(date.getTime()) ? "invalid" : parseLocal(date.toISOString().slice(0, 19));
  return utc && utc !== "invalid" ? { time: { local: utc, offset: 0 } } : { invalid: `${seconds} s` };
}

/** Finds the value of the creation date among the keys of the movie. */
function creationDate(movie: ByteRange, steps: Steps): string | undefined {
  const meta = boxIn(movie, "meta", steps);
  if (!meta) return undefined;
  // As a box of MP4, it begins with four bytes of version and flags.
  const inner = meta.read(4, 4).toString("latin1") === "hdlr" ? meta : partOf(meta, 4, meta.size - 4);
  const keys = boxIn(inner, "keys", steps);
  const list = boxIn(inner, "ilst", steps);
  if (!keys || !list) return undefined;
  const index = indexOfKey(keys);
  for (const { type, content } of boxesIn(list, steps)) {
    if (Buffer.from(type, "latin1").readUInt32BE(0) !== index) continue;
    const data = boxIn(content, "data", steps);
    return data?.read(8, Math.min(64, Math.max(0, data.size - 8))).toString("utf8");
  }
  return undefined;
}

/** Returns the position of the creation date in the list of keys, from 1. If the list does not have that key, returns 0. */
function indexOfKey(keys: ByteRange): number {
  const bytes = keys.read(0, Math.min(keys.size, maxBytes));
  let number = 1;
  for (let at = 8; at + 8 <= bytes.length; number += 1) {
    const size = bytes.readUInt32BE(at);
    if (size < 8) break;
    if (bytes.toString("utf8", at + 8, at + size) === creationKey) return number;
    at += size;
  }
  return 0;
}
