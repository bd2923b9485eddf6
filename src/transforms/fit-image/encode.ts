/** Encoding: writes an image in a format, with what the format can keep of it. */

import type { Sharp } from "sharp";
import type { GeoPoint } from "../../core/input/input.js";
import { locationOf } from "../../formats/exif/image-location.js";
import type { Format, SourceImage } from "./source-image.js";

/** What to make of an image. */
export interface Target {
  format: Format;
  /** Whether the pixels are turned by the EXIF orientation. */
  turns: boolean;
  /** Whether all frames or pages are kept. */
  allPages: boolean;
  location: GeoPoint | undefined;
  /** Whether the EXIF block is kept; a broken one is not. */
  keepsExif: boolean;
  /** Width and height of a page, if it is made smaller. */
  size: { width: number; height: number } | undefined;
  quality: number;
}

/** A time for pixels that take forever to draw. */
const svgSeconds = 60;

/** Encodes an image. Its location can be read from the result, in whatever way the format allows. */
export async function encode(
  image: SourceImage,
  target: Target,
): Promise<{ data: Buffer; width: number; height: number }> {
  const encoded = await encodeWith(image, target);
  const { location } = target;
  if (!location) return encoded;
  const bytes = new Uint8Array(encoded.data.buffer as ArrayBuffer, encoded.data.byteOffset, encoded.data.byteLength);
  const written = (await locationOf({ bytes })).location;
  const isThere = written?.latitude === location.latitude && written.longitude === location.longitude;
  // A JPEG holds 64 KB of EXIF; more than that is dropped as a whole.
  return isThere ? encoded : encodeWith(image, { ...target, keepsExif: false });
}

async function encodeWith(image: SourceImage, target: Target) {
  let pixels = await pixelsOf(image, target);
  if (target.size) pixels = pixels.resize({ ...target.size, fit: "fill" });
  if (target.format === "jpeg") pixels = pixels.flatten({ background: "white" });
  if (keepsDepth(image, target.format)) pixels = pixels.toColourspace(image.header.space);
  // The profile of CMYK inks describes nothing once the pixels are RGB.
  if (image.header.space !== "cmyk") pixels = pixels.keepIccProfile();
  const { data, info } = await written(withTags(pixels, image, target), image, target).toBuffer({
    resolveWithObject: true,
  });
  return { data, width: info.width, height: info.pageHeight ?? info.height };
}

/** Keeps the EXIF block, the orientation of pixels that stay as they are stored, and the location. */
function withTags(
  pixels: Sharp,
  { header, orientation }: SourceImage,
  { format, turns, location, keepsExif }: Target,
): Sharp {
  const stays = !turns && orientation > 1;
  // For TIFF, sharp writes no EXIF, but the orientation.
  if (format === "tiff") {
    const kept = stays ? pixels.keepExif() : pixels;
    return location ? kept.withXmp(xmpOf(location)) : kept;
  }
  const tags = {
    ...(stays ? { IFD0: { Orientation: `${orientation}` } } : {}),
    ...(location ? { IFD3: gpsOf(location) } : {}),
  };
  const keeps = keepsExif && header.exif !== undefined;
  if (Object.keys(tags).length === 0) return keeps ? pixels.keepExif() : pixels;
  return keeps ? pixels.withExifMerge(tags) : pixels.withExif(tags);
}

/** The pixels, upright if they turn. A page at a time where they turn together: sharp turns the strip of all pages. */
async function pixelsOf(image: SourceImage, { turns, allPages }: Target): Promise<Sharp> {
  if (image.format === "svg") return image.open().timeout({ seconds: svgSeconds });
  if (!allPages) return turns ? image.open().autoOrient() : image.open();
  if (!turns) return image.open({ pages: -1 });
  const pages: Buffer[] = [];
  for (let page = 0; page < image.pages; page += 1) {
    const upright = image.open({ page }).autoOrient().keepIccProfile();
    const deep = keepsDepth(image, "png") ? upright.toColourspace(image.header.space) : upright;
    pages.push(await deep.png({ compressionLevel: 1 }).toBuffer());
  }
  const { default: sharp } = await import("sharp");
  return sharp(pages, { join: { animated: true } });
}

/** Whether the result has 16 bits a channel, as the image has. */
export function keepsDepth({ header }: SourceImage, format: Format): boolean {
  return header.depth === "ushort" && /16$/.test(header.space) && (format === "png" || format === "tiff");
}

function written(pixels: Sharp, { header }: SourceImage, { format, quality }: Target): Sharp {
  const { delay, loop } = header;
  const timing = delay && delay.length > 1 ? { delay, ...(loop === undefined ? {} : { loop }) } : {};
  if (format === "tiff") return pixels.tiff({ compression: "deflate", predictor: "horizontal" });
  if (format === "png") return pixels.png();
  if (format === "gif") return pixels.gif(timing);
  return format === "webp" ? pixels.webp({ quality, ...timing }) : pixels.jpeg({ quality });
}

function gpsOf({ latitude, longitude }: GeoPoint): Record<string, string> {
  return {
    GPSLatitudeRef: latitude < 0 ? "S" : "N",
    GPSLatitude: rational(latitude),
    GPSLongitudeRef: longitude < 0 ? "W" : "E",
    GPSLongitude: rational(longitude),
  };
}

/** Degrees as a fraction, to seven decimal places: a centimetre. */
function rational(degrees: number): string {
  return `${Math.round(Math.abs(degrees) * 1e7)}/10000000 0/1 0/1`;
}

function xmpOf({ latitude, longitude }: GeoPoint): string {
  const coordinate = (degrees: number, letter: string) => {
    const size = Math.abs(degrees);
    return `${Math.floor(size)},${((size % 1) * 60).toFixed(7)}${letter}`;
  };
  return `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="${coordinate(latitude, latitude < 0 ? "S" : "N")}" exif:GPSLongitude="${coordinate(longitude, longitude < 0 ? "W" : "E")}"/></rdf:RDF></x:xmpmeta>`;
}
