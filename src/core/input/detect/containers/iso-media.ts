/** Detects MP4, QuickTime, 3GPP and related formats by the tracks in their `moov` box; HEIC, AVIF and CR3 by their brand. */

import { byTracks, type Found } from "../found.js";
import type { Reader } from "../reader.js";

/** Maximum number of boxes that are skipped on each level. */
const maxBoxes = 400;
const maxTracks = 64;

/** First boxes of a file. Without `ftyp`, it is an old QuickTime movie or a part of a stream. */
const firstBoxes = new Set(["ftyp", "styp", "moov", "mdat", "wide", "pnot", "free", "skip", "moof", "sidx"]);
/** Other content may begin with these, too; it is media if a `moov` follows. */
const weakBoxes = new Set(["free", "skip"]);
/** Sample entries of still pictures; the last is an MPEG-4 entry whose descriptor says JPEG or PNG. */
const stillEntry =
  /^(?:jpeg|png |gif |tiff|mp4v[\s\S]*esds[\s\S]{4}\x03(?:\x80{3})?[\s\S]{4}\x04(?:\x80{3})?[\s\S][\x6c\x6d])/;

const imageBrands: Record<string, string> = {
  avif: "image/avif",
  avis: "image/avif",
  heic: "image/heic",
  heix: "image/heic",
  heim: "image/heic",
  heis: "image/heic",
  hevc: "image/heic-sequence",
  hevx: "image/heic-sequence",
  hevm: "image/heic-sequence",
  hevs: "image/heic-sequence",
  mif1: "image/heif",
  mif2: "image/heif",
  msf1: "image/heif-sequence",
  miaf: "image/heif",
  "crx ": "image/x-canon-cr3",
};

interface Box {
  type: string;
  /** Positions of the first byte of its content, and after its last byte. */
  start: number;
  end: number;
  /** Whether it ends after the box or file that contains it. */
  isCut: boolean;
}

/** Describes an ISO media file; undefined for other content. */
export function readIsoMedia(reader: Reader): Found | undefined {
  const { head } = reader;
  if (head.length < 8) return undefined;
  const type = head.toString("latin1", 4, 8);
  const size = head.readUInt32BE(0);
  if (!firstBoxes.has(type) || (size > 1 && size < 8)) return undefined;
  const brands = type === "ftyp" ? brandsOf(head) : [];
  const image = imageType(brands);
  if (image !== undefined) return { kind: "image", mimeType: image };
  const types = typesOf(brands[0]);
  const moov = [...boxes(reader, 0, reader.sizeBytes)].find((box) => box.type === "moov");
  if (!moov) {
    if (!reader.isWhole) return { kind: "video", mimeType: types.video };
    if (weakBoxes.has(type)) return undefined;
    const broken = `it begins like ${types.name}, but has no list of tracks (moov): it is truncated, or only a part of a stream`;
    return { kind: "video", mimeType: types.video, broken };
  }
  const tracks = tracksOf(reader, moov);
  // In a truncated list, an audio track alone does not prove that there is no video track.
  if (moov.isCut && !tracks.video) {
    const broken = `it begins like ${types.name}, but its list of tracks (moov) is not complete: it is truncated`;
    return { kind: "video", mimeType: types.video, broken };
  }
  const broken = `it begins like ${types.name}, but has no track of video or audio: it is truncated or damaged`;
  return byTracks(tracks, types, broken);
}

function brandsOf(head: Buffer): string[] {
  const end = Math.min(head.readUInt32BE(0), head.length, 256);
  const brands = [head.toString("latin1", 8, 12)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(head.toString("latin1", at, at + 4));
  return brands;
}

/** Returns the type by the first brand; if that brand stands for any image, by the first specific one. */
function imageType(brands: readonly string[]): string | undefined {
  const type = imageBrands[brands[0] ?? ""];
  if (type === undefined || !/heif/.test(type)) return type;
  const closer = brands.map((brand) => imageBrands[brand]).find((found) => found !== undefined && !/heif/.test(found));
  return closer ?? type;
}

function typesOf(brand = "qt  "): { video: string; audio: string; name: string } {
  if (brand === "qt  ") return { video: "video/quicktime", audio: "audio/quicktime", name: "a QuickTime film" };
  if (brand.startsWith("3g2")) return { video: "video/3gpp2", audio: "audio/3gpp2", name: "a 3GPP2 film" };
  if (brand.startsWith("3g")) return { video: "video/3gpp", audio: "audio/3gpp", name: "a 3GPP film" };
  if (brand.startsWith("mjp2")) return { video: "video/mj2", audio: "audio/mp4", name: "a Motion JPEG 2000" };
  return { video: "video/mp4", audio: "audio/mp4", name: "an MP4" };
}

/** Finds the kinds of tracks. Chapter pictures and a single cover beside sound do not count as video. */
function tracksOf(reader: Reader, moov: Box): { video: boolean; audio: boolean } {
  const video: { id: number; isStill: boolean }[] = [];
  const chapters = new Set<number>();
  let audio = false;
  let count = 0;
  for (const box of boxes(reader, moov.start, moov.end)) {
    if (box.type === "cmov") return { video: true, audio: false }; // only old QuickTime movies have a compressed header
    if (box.type !== "trak" || (count += 1) > maxTracks) continue;
    const track = trackOf(reader, box);
    if (track.handler === "soun") audio = true;
    if (track.handler === "vide") video.push(track);
    for (const id of track.chapters) chapters.add(id);
  }
  return { video: video.some(({ id, isStill }) => !chapters.has(id) && !(audio && isStill)), audio };
}

function trackOf(reader: Reader, trak: Box) {
  const track = { id: 0, handler: "", isStill: false, chapters: [] as number[] };
  for (const box of boxes(reader, trak.start, trak.end)) {
    if (box.type === "tkhd") {
      const header = reader.read(box.start, 24);
      const at = header[0] === 1 ? 20 : 12;
      if (header.length >= at + 4) track.id = header.readUInt32BE(at);
    } else if (box.type === "tref") {
      for (const inner of boxes(reader, box.start, box.end)) {
        if (inner.type !== "chap") continue;
        const ids = reader.read(inner.start, Math.min(inner.end - inner.start, 64));
        for (let at = 0; at + 4 <= ids.length; at += 4) track.chapters.push(ids.readUInt32BE(at));
      }
    } else if (box.type === "mdia") {
      for (const inner of boxes(reader, box.start, box.end)) {
        if (inner.type === "hdlr") track.handler = reader.read(inner.start + 8, 4).toString("latin1");
        if (inner.type === "minf") track.isStill = isStill(reader, inner);
      }
    }
  }
  return track;
}

/** Whether a track holds one still picture. */
function isStill(reader: Reader, minf: Box): boolean {
  let entry = "";
  let samples = 2;
  for (const box of boxes(reader, minf.start, minf.end)) {
    if (box.type !== "stbl") continue;
    for (const inner of boxes(reader, box.start, box.end)) {
      if (inner.type === "stsd") entry = reader.read(inner.start + 12, 256).toString("latin1");
      if (inner.type !== "stsz") continue;
      const sizes = reader.read(inner.start, 12);
      if (sizes.length === 12) samples = sizes.readUInt32BE(8);
    }
  }
  return samples === 1 && stillEntry.test(entry);
}

/** Yields the boxes between two positions. A box may have a length of 64 bits, or 0 for "to the end". */
function* boxes(reader: Reader, from: number, to: number): Generator<Box> {
  for (let at = from, count = 0; at + 8 <= to && count < maxBoxes; count += 1) {
    const header = reader.read(at, 16);
    if (header.length < 8) return;
    const short = header.readUInt32BE(0);
    const isLong = short === 1 && header.length === 16;
    const length = isLong ? Number(header.readBigUInt64BE(8)) : short === 0 ? to - at : short;
    const headerBytes = isLong ? 16 : 8;
    if (length < headerBytes) return;
    yield {
      type: header.toString("latin1", 4, 8),
      start: at + headerBytes,
      end: Math.min(at + length, to),
      isCut: at + length > to,
    };
    at += length;
  }
}
