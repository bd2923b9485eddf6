/** What a content is: by its first bytes, and by one bounded second look where they do not tell. */

import { imageSize } from "image-size";
import type { Kind } from "../kinds.js";
import { readAsf } from "./asf.js";
import type { Found } from "./found.js";
import { readIsoMedia } from "./iso-media.js";
import { readJpeg } from "./jpeg.js";
import { readMatroska } from "./matroska.js";
import { readMpegAudio, searchMpegAudio } from "./mpeg-audio.js";
import { isTextName, isTgaName, mediaKindOfName, rawTypeOfName } from "./names.js";
import { readOgg } from "./ogg.js";
import type { Reader } from "./reader.js";
import { readRiff } from "./riff.js";
import { isTga, readSignature } from "./signatures.js";
import { looksLikeOldText, looksLikeText, markedEncoding } from "./text.js";
import { readTextImage } from "./text-images.js";
import { readTiff } from "./tiff.js";
import { readTransportStream } from "./transport-stream.js";
import { kindOfType, oldTextType, unknownType } from "./types.js";

/** Images whose size is in the first bytes, and without which nothing can be done with them. */
const sizedTypes = new Set(["image/png", "image/apng", "image/gif", "image/webp", "image/bmp"]);

const binaryDetectors = [readTiff, readIsoMedia, readMatroska, readAsf, readOgg, readMpegAudio];

/** Identifies most files; undefined if `detectRest` has to read more of the file. `name` is the name of the file, where there is one. */
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

/** Asks file-type about the first bytes, and searches for sound behind junk. */
export async function detectRest(reader: Reader, name = "", sentAs?: Kind): Promise<Found> {
  const mimeType = await knownType(reader.head);
  if (mimeType !== undefined) return { kind: kindOfType(mimeType), mimeType };
  if (isTgaName(name) && isTga(reader.head)) return { kind: "image", mimeType: "image/x-tga" };
  const sound = searchMpegAudio(reader, mediaKindOfName(name) ?? (sentAs === "audio" ? sentAs : undefined));
  if (sound) return sound;
  return { kind: undefined, mimeType: looksLikeOldText(reader.head) ? oldTextType : unknownType };
}

/** Types that file-type gives for two or three bytes, which are checked more closely elsewhere. */
const weakTypes = new Set(["audio/mpeg", "audio/aac", "image/bmp", "image/x-icon", "video/mp2t"]);

/** The type of a content by file-type, which knows many formats that are no media. */
export async function knownType(head: Buffer): Promise<string | undefined> {
  const { fileTypeFromBuffer } = await import("file-type");
  // The head alone, whatever there is: what it unfolds or walks through stays as small.
  const mimeType = (await fileTypeFromBuffer(head).catch(() => undefined))?.mime;
  if (mimeType === undefined || weakTypes.has(mimeType)) return undefined;
  if (mimeType === "image/mj2") return "video/mj2"; // Motion JPEG 2000
  return mimeType;
}

/** The types that most files have, by their first bytes. */
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

/** Adds width and height of an image; one of an accepted format that has none is broken. */
function withSize(found: Found, reader: Reader): Found {
  if (found.kind !== "image" || found.broken !== undefined || found.width) return found;
  try {
    const { width, height } = imageSize(reader.head);
    found.width = width;
    found.height = height;
  } catch {
    // told below, where it matters
  }
  if (!(found.width && found.height) && sizedTypes.has(found.mimeType)) {
    const format = found.mimeType.slice("image/".length).toUpperCase();
    found.broken = `it begins like a ${format}, and its size cannot be read: it is cut short or broken`;
  }
  return found;
}

/** Some camera raw files are told from a TIFF by their names alone. */
function asRaw(found: Found, name: string): Found {
  const raw = found.mimeType === "image/tiff" ? rawTypeOfName(name) : undefined;
  return raw === undefined ? found : { kind: "image", mimeType: raw };
}
