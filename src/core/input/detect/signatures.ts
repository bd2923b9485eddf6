/** Detects media by a few bytes at a fixed position, if the library file-type does not know the format or mistakes it for another. */

import type { Kind } from "../kinds.js";
import type { Found } from "./found.js";
import { readPnm } from "./text-images.js";

type Signature = readonly [offset: number, bytes: string, kind: Kind, mimeType: string];

/** Signatures with one character for each byte. */
const signatures: readonly Signature[] = [
  [0, "IIRO", "image", "image/x-olympus-orf"],
  [0, "IIRS", "image", "image/x-olympus-orf"],
  [0, "MMOR", "image", "image/x-olympus-orf"],
  [0, "IIU\0", "image", "image/x-panasonic-rw2"],
  [6, "HEAPCCDR", "image", "image/x-canon-crw"],
  [0, "FUJIFILMCCD-RAW", "image", "image/x-fujifilm-raf"],
  [0, "FOVb", "image", "image/x-sigma-x3f"],
  [0, "\0MRM", "image", "image/x-minolta-mrw"],
  [0, "8BPS", "image", "image/vnd.adobe.photoshop"],
  [0, "AT&TFORM", "image", "image/vnd.djvu"],
  [0, "SIMPLE  =", "image", "image/fits"],
  [0, "v/1\x01", "image", "image/x-exr"],
  [0, "DDS |\0\0\0", "image", "image/vnd.ms-dds"],
  [0, "\xabKTX 20\xbb", "image", "image/ktx2"],
  [0, "\x8bJNG\r\n\x1a\n", "image", "image/x-jng"],
  [4, "\0\0\0\x07\0\0\0\x02\0\0\0", "image", "image/x-xwindowdump"],
  [0, "SDPX", "image", "image/x-dpx"],
  [0, "XPDS", "image", "image/x-dpx"],
  [0, "\x80\x2a\x5f\xd7", "image", "image/x-cineon"],
  [0, "\x59\xa6\x6a\x95", "image", "image/x-cmu-raster"],
  [0, "\x01\xda\0\x01\0", "image", "image/x-sgi"],
  [0, "\x01\xda\x01\x01\0", "image", "image/x-sgi"],
  [0, "\x01\xda\0\x02\0", "image", "image/x-sgi"],
  [0, "\x01\xda\x01\x02\0", "image", "image/x-sgi"],
  [0, "qoif", "image", "image/qoi"],
  [0, "\xd7\xcd\xc6\x9a\0\0", "image", "image/wmf"],
  [2048, "PCD_IPI", "image", "image/x-photo-cd"],
  [40, " EMF", "image", "image/emf"],
  [128, "DICM", "image", "application/dicom"],
  [0, "\xc5\xd0\xd3\xc6", "image", "image/x-eps"],
  [0, "#?RADIANCE", "image", "image/vnd.radiance"],
  [0, "#?RGBE", "image", "image/vnd.radiance"],
  [0, "MIFF", "image", "image/x-miff"],
  [0, "id=ImageMagick", "image", "image/x-miff"],
  [0, "\xb1\x68\xde\x3a", "image", "image/x-dcx"],
  [20, "GIMP", "image", "image/x-gimp-gbr"],
  [0, "farbfeld", "image", "image/x-farbfeld"],
  [0, ".snd\0\0\0", "audio", "audio/basic"],
  [0, "caff\0\x01", "audio", "audio/x-caf"],
  [0, "riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0", "audio", "audio/x-w64"],
  [0, "TTA1", "audio", "audio/x-tta"],
  [0, "\x7f\xfe\x80\x01", "audio", "audio/vnd.dts"],
  [0, "\xfe\x7f\x01\x80", "audio", "audio/vnd.dts"],
  [0, "FRM8", "audio", "audio/x-dff"],
  [0, ".ra\xfd", "audio", "audio/x-pn-realaudio"],
  [0, "\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02", "video", "video/mxf"],
  [0, "\x1f\x07\0", "video", "video/x-dv"],
  [4, "\x11\xaf", "video", "video/x-fli"],
  [4, "\x12\xaf", "video", "video/x-fli"],
  [0, "\0\0\x01\xb3", "video", "video/mpeg"],
  [0, "DKIF\0\0", "video", "video/x-ivf"],
  [0, "YUV4MPEG2 ", "video", "video/x-yuv4mpeg"],
  [0, "\x8aMNG\r\n\x1a\n", "video", "video/x-mng"],
  [0, "nut/multimedia container\0", "video", "video/x-nut"],
  [0, "\0\0\x01\xb0", "video", "video/mpeg4-generic"],
  [0, "\0\0\0\x01\x67", "video", "video/h264"],
  [0, "\0\0\0\x01\x27", "video", "video/h264"],
  [0, "\0\0\0\x01\x40\x01\x0c", "video", "video/h265"],
];

/** Signatures by their first byte and offset, so that a content is compared with few of them. */
const byFirst = new Map<string, Signature[]>();
const offsets = [...new Set(signatures.map(([offset]) => offset))];
for (const signature of signatures) {
  const key = `${signature[0]} ${signature[1].charCodeAt(0)}`;
  byFirst.set(key, [...(byFirst.get(key) ?? []), signature]);
}

/** Describes a content by its signature; returns undefined if no signature matches. */
export function readSignature(head: Buffer): Found | undefined {
  for (const offset of offsets) {
    for (const [, bytes, kind, mimeType] of byFirst.get(`${offset} ${head[offset]}`) ?? []) {
      if (head.toString("latin1", offset, offset + bytes.length) === bytes) return { kind, mimeType };
    }
  }
  return detectors.map((detector) => detector(head)).find((found) => found !== undefined);
}

/** Lengths of a BMP's second header. They distinguish a BMP from other content that begins with BM. */
const bmpHeaders = new Set([12, 16, 40, 52, 56, 64, 108, 124]);

function readBmp(head: Buffer): Found | undefined {
  if (head.length < 26 || head.toString("latin1", 0, 2) !== "BM" || !bmpHeaders.has(head.readUInt32LE(14)))
    return undefined;
  const isOld = head.readUInt32LE(14) === 12;
  const width = isOld ? head.readUInt16LE(18) : Math.abs(head.readInt32LE(18));
  const height = isOld ? head.readUInt16LE(20) : Math.abs(head.readInt32LE(22));
  return { kind: "image", mimeType: "image/bmp", width, height };
}

/** Icons and cursors begin with zeros and ones, like other content, so the first entry has to be valid, too. */
function readIcon(head: Buffer): Found | undefined {
  if (head.length < 22 || head.readUInt16LE(0) !== 0) return undefined;
  const type = head.readUInt16LE(2);
  const count = head.readUInt16LE(4);
  const isIcon =
    (type === 1 || type === 2) && count > 0 && count < 256 && head[9] === 0 && head.readUInt32LE(18) === 6 + 16 * count;
  return isIcon ? { kind: "image", mimeType: "image/x-icon" } : undefined;
}

/** The fifth byte of a Flash video says whether it has video. */
function readFlv(head: Buffer): Found | undefined {
  if (head.toString("latin1", 0, 4) !== "FLV\x01") return undefined;
  const hasVideo = ((head[4] as number) & 1) !== 0;
  return hasVideo ? { kind: "video", mimeType: "video/x-flv" } : { kind: "audio", mimeType: "audio/x-flv" };
}

/** The header of RealMedia names the types of its streams. */
function readRealMedia(head: Buffer): Found | undefined {
  if (head.toString("latin1", 0, 4) !== ".RMF") return undefined;
  const isSound = head.includes("audio/x-pn-") && !head.includes("video/x-pn-");
  return isSound
    ? { kind: "audio", mimeType: "audio/x-pn-realaudio" }
    : { kind: "video", mimeType: "video/vnd.rn-realvideo" };
}

/** A PCX begins with 10, its version, 1, and the bits of a pixel. */
function readPcx(head: Buffer): Found | undefined {
  if (head.length < 4 || head[0] !== 10 || (head[1] as number) > 5 || head[2] !== 1) return undefined;
  const isPcx = [1, 2, 4, 8].includes(head[3] as number);
  return isPcx ? { kind: "image", mimeType: "image/x-pcx" } : undefined;
}

/** Whether a content can be a TGA. Only the name of the file says that it is one. */
export function isTga(head: Buffer): boolean {
  if (head.length < 18) return false;
  const mapType = head.readUInt8(1);
  const isSized = head.readUInt16LE(12) > 0 && head.readUInt16LE(14) > 0;
  return (
    mapType <= 1 &&
    [1, 2, 3, 9, 10, 11].includes(head.readUInt8(2)) &&
    isSized &&
    [8, 15, 16, 24, 32].includes(head.readUInt8(16))
  );
}

/** Icons, cursors and bitmaps of OS/2, alone or several in one file. */
function readOs2(head: Buffer): Found | undefined {
  if (head.length < 40) return undefined;
  const isArray = head.toString("latin1", 0, 2) === "BA";
  const type = head.toString("latin1", isArray ? 14 : 0, isArray ? 16 : 2);
  const isIcon =
    /^(?:BM|CI|CP|IC|PT)$/.test(type) &&
    (isArray || type !== "BM") &&
    bmpHeaders.has(head.readUInt32LE(isArray ? 28 : 14));
  return isIcon ? { kind: "image", mimeType: "image/x-os2-graphics" } : undefined;
}

const iffForms: Record<string, readonly [Kind, string]> = {
  AIFF: ["audio", "audio/aiff"],
  AIFC: ["audio", "audio/aiff"],
  "8SVX": ["audio", "audio/x-8svx"],
  ILBM: ["image", "image/x-ilbm"],
  "PBM ": ["image", "image/x-ilbm"],
  ANIM: ["video", "video/x-anim"],
};

function readIff(head: Buffer): Found | undefined {
  const form = head.toString("latin1", 0, 4) === "FORM" ? head.toString("latin1", 8, 12) : "";
  const [kind, mimeType] = Object.hasOwn(iffForms, form) ? (iffForms[form] as readonly [Kind, string]) : [];
  return kind && mimeType !== undefined ? { kind, mimeType } : undefined;
}

/** An ADX begins with the length of its header, which ends with the name of its maker. */
function readAdx(head: Buffer): Found | undefined {
  if (head.length < 4 || head.readUInt16BE(0) !== 0x8000) return undefined;
  const sound = head.readUInt16BE(2) + 4;
  return head.toString("latin1", sound - 6, sound) === "(c)CRI"
    ? { kind: "audio", mimeType: "audio/x-adx" }
    : undefined;
}

/** AAC in LOAS frames: each begins with a pattern of 11 bits and its length. Three in a row are needed. */
function readLatm(head: Buffer): Found | undefined {
  let at = 0;
  for (let frames = 0; frames < 3; frames += 1) {
    if (at + 3 > head.length || head.readUInt16BE(at) >>> 5 !== 0x2b7) return undefined;
    at += 3 + (head.readUIntBE(at, 3) & 0x1fff);
  }
  return { kind: "audio", mimeType: "audio/x-mp4a-latm" };
}

const detectors = [readBmp, readIcon, readFlv, readIff, readPnm, readRealMedia, readPcx, readOs2, readAdx, readLatm];
