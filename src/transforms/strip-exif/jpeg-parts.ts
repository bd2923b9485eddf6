/** JPEG: selects the segments that the picture needs. */

import { type Kept, notStripped, PartList, type Stripping } from "./parts.js";

const startOfScan = 0xda;
const endOfImage = 0xd9;
const comment = 0xfe;
const app = { jfif: 0xe0, exif: 0xe1, icc: 0xe2, adobe: 0xee, last: 0xef };
/** Bytes of a JFIF segment without a thumbnail, with its marker and length. */
const jfifBytes = 18;
const thumbnailSizeAt = 16;

/**
 * Keeps the picture data, JFIF, the colour profile and the colour transform of Adobe. Drops every other application segment, comments, and what follows the
 * image. The data between the segments of a scan stay as they are.
 *
 * @throws {InputError} ERR_NOT_STRIPPED
 */
export function jpegParts({ file, exif }: Stripping): Kept {
  const list = new PartList();
  list.keep(0, 2);
  let isExifWritten = exif === undefined;
  let hasScan = false;
  let at = 2;
  for (let start = 0; ; ) {
    start = nextMarker(file, at, hasScan);
    if (start >= file.length) break;
    if (hasScan) list.keep(at, start);
    const marker = file[start + 1] as number;
    if (marker === endOfImage) {
      list.keep(start, start + 2);
      return { parts: list.parts, hasAppended: start + 2 < file.length };
    }
    if (isAlone(marker)) {
      at = start + 2;
      continue;
    }
    const end = endOfSegment(file, start);
    const isJfif = marker === app.jfif && nameAt(file, start, "JFIF\0");
    if (!isExifWritten && !isJfif) {
      list.write(...exifSegment(exif as Buffer));
      isExifWritten = true;
    }
    if (isJfif) keepJfif(list, file, start, end);
    else if (staysWhole(file, start, marker)) list.keep(start, end);
    hasScan ||= marker === startOfScan;
    at = end;
  }
  // Without its end, the picture cannot be distinguished from what follows it.
  throw notStripped(hasScan ? "the JPEG is truncated: it has no end" : "the JPEG has no picture data");
}

/** Returns the position of the next marker; the length of the file if there is none. In a scan, FF 00 is data, and so are the restart markers. */
function nextMarker(file: Buffer, from: number, isScan: boolean): number {
  for (let at = file.indexOf(0xff, from); at >= 0 && at + 1 < file.length; at = file.indexOf(0xff, at + 1)) {
    const code = file[at + 1] as number;
    if (code === 0xff || code === 0 || (isScan && code >= 0xd0 && code <= 0xd7)) continue;
    return at;
  }
  return file.length;
}

/** Whether a marker has no length. */
function isAlone(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
}

function endOfSegment(file: Buffer, start: number): number {
  const length = start + 4 <= file.length ? file.readUInt16BE(start + 2) : 0;
  if (length < 2 || start + 2 + length > file.length) {
    throw notStripped(`a segment of the JPEG is truncated at byte ${start}`);
  }
  return start + 2 + length;
}

function nameAt(file: Buffer, start: number, name: string): boolean {
  return file.toString("latin1", start + 4, start + 4 + name.length) === name;
}

function staysWhole(file: Buffer, start: number, marker: number): boolean {
  if (marker === app.icc) return nameAt(file, start, "ICC_PROFILE\0");
  if (marker === app.adobe) return nameAt(file, start, "Adobe");
  return marker !== comment && (marker < app.jfif || marker > app.last);
}

/** Keeps JFIF without its thumbnail, which can show what was cut off the picture. */
function keepJfif(list: PartList, file: Buffer, start: number, end: number): void {
  if (end - start <= jfifBytes) {
    list.keep(start, end);
    return;
  }
  const head = Buffer.from(file.subarray(start, start + jfifBytes));
  head.writeUInt16BE(jfifBytes - 2, 2);
  head.writeUInt16BE(0, thumbnailSizeAt);
  list.write(head);
}

function exifSegment(exif: Buffer): Buffer[] {
  const head = Buffer.from([0xff, app.exif, 0, 0]);
  const name = Buffer.from("Exif\0\0", "latin1");
  head.writeUInt16BE(2 + name.length + exif.length, 2);
  return [head, name, exif];
}
