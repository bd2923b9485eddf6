/** Detection: identifies a content by its first bytes, and by bounded further reads where they are not enough. */

import { imageSize } from "image-size";
import type { Kind } from "../kinds.js";
import { readAsf } from "./containers/asf.js";
import { readIsoMedia } from "./containers/iso-media.js";
import { readMatroska } from "./containers/matroska.js";
import { readOgg } from "./containers/ogg.js";
import { readRiff } from "./containers/riff.js";
import { readTransportStream } from "./containers/transport-stream.js";
import type { Found } from "./found.js";
import { readJpeg } from "./jpeg.js";
import { readMpegAudio, searchMpegAudio } from "./mpeg-audio.js";
import { isTextName, isTgaName, mediaKindOfName, rawTypeOfName } from "./names.js";
import type { Reader } from "./reader.js";
import { isTga, readSignature } from "./signatures.js";
import { looksLikeOldText, looksLikeText, markedEncoding } from "./text.js";
import { readTextImage } from "./text-images.js";
import { readTiff } from "./tiff.js";
import { kindOfType, oldTextType, unknownType } from "./types.js";

/** Images whose size is in the first bytes. Without a size they are damaged. */
const sizedTypes = new Set(["image/png", "image/apng", "image/gif", "image/webp", "image/bmp"]);

const binaryDetectors = [readTiff, readIsoMedia, readMatroska, readAsf, readOgg, readMpegAudio];

/** Identifies most contents; returns undefined if `detectRest` must continue. `name` is the name of the file. */
export function detect(reader: Reader, name = ""): Found | undefined {
  const { head } = reader;
  const quick = quickType(reader);
  if (quick) return withSize(quick, reader);
  if (looksLikeText(head, reader.sizeBytes)) {
    return (isTextName(name) ? undefined : readTextImage(head)) ?? { kind: "text", mimeType: "text/plain" };
  }
  const encoding = markedEncoding(head);
  if (encoding) return { kind: "text", mimeType: `text/plain; charset=${encoding}` };
  for (const detector of binaryDetectors) {
    const found = detector(reader);
    if (found) return asRaw(found, name);
  }
  const found = readTransportStream(head) ?? readSignature(head);
  return found && withSize(found, reader);
}

/** Identifies the rest: asks the library file-type about the first bytes, and searches for sound after unknown bytes. */
export async function detectRest(reader: Reader, name = "", sentAs?: Kind): Promise<Found> {
  const mimeType = await knownType(reader.head);
  if (mimeType !== undefined) return { kind: kindOfType(mimeType), mimeType };
  if (isTgaName(name) && isTga(reader.head)) return { kind: "image", mimeType: "image/x-tga" };
  const sound = searchMpegAudio(reader, mediaKindOfName(name) ?? (sentAs === "audio" ? sentAs : undefined));
  if (sound) return sound;
  return { kind: undefined, mimeType: looksLikeOldText(reader.head) ? oldTextType : unknownType };
}

/** Types that file-type detects by two or three bytes. Other detectors check them more closely. */
const weakTypes = new Set(["audio/mpeg", "audio/aac", "image/bmp", "image/x-icon", "video/mp2t"]);

/** Returns the media type by the library file-type, which knows many formats besides media. */
export async function knownType(head: Buffer): Promise<string | undefined> {
  const { fileTypeFromBuffer } = await import("file-type");
  // Only the head: it bounds what file-type decompresses and parses.
  const mimeType = (await fileTypeFromBuffer(head).catch(() => undefined))?.mime;
  if (mimeType === undefined || weakTypes.has(mimeType)) return undefined;
  if (mimeType === "image/mj2") return "video/mj2"; // Motion JPEG 2000
  return mimeType;
}

/** Detects the most frequent types by their first bytes. */
function quickType(reader: Reader): Found | undefined {
  const { head } = reader;
  if (head.length < 4) return head.length > 2 && head.readUIntBE(0, 3) === 0xffd8ff ? readJpeg(reader) : undefined;
  const first = head.readUInt32BE(0);
  if (first >>> 8 === 0xffd8ff) return readJpeg(reader);
  if (first === 0x89504e47) return { kind: "image", mimeType: head.includes("acTL") ? "image/apng" : "image/png" };
  if (first === 0x47494638 && /^[79]a$/.test(head.toString("latin1", 4, 6)))
    return { kind: "image", mimeType: "image/gif" };
  return first >>> 24 === 0x52 || first >>> 24 === 0x42 ? readRiff(reader) : undefined; // R or B
}

/** Adds width and height of an image. An image of an accepted format without a size is damaged. */
function withSize(found: Found, reader: Reader): Found {
  if (found.kind !== "image" || found.broken !== undefined || found.width) return found;
  try {
    const { width, height } = imageSize(reader.head);
    found.width = width;
    found.height = height;
  } catch {
    // a missing size is handled below
  }
  if (!(found.width && found.height) && sizedTypes.has(found.mimeType)) {
    const format = found.mimeType.slice("image/".length).toUpperCase();
    found.broken = `it begins like a ${format}, but its size cannot be read: it is truncated or damaged`;
  }
  return found;
}

/** Only the name of the file distinguishes some camera raw files from a TIFF. */
function asRaw(found: Found, name: string): Found {
  const raw = found.mimeType === "image/tiff" ? rawTypeOfName(name) : undefined;
  return raw === undefined ? found : { kind: "image", mimeType: raw };
}
