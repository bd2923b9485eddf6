/** Encoding: writes an image in a format, with the metadata that the format supports. */

import type { Sharp } from "sharp";
import type { GeoPoint } from "../../core/input/input.js";
import { locationOf } from "../../formats/exif/image-location.js";
import type { Format, SourceImage } from "./source-image.js";

/** The wanted result. */
export interface Target {
  format: Format;
  /** Whether the pixels are rotated by the EXIF orientation. */
  turns: boolean;
  /** Whether all frames or pages are kept. */
  allPages: boolean;
  location: GeoPoint | undefined;
  /** Whether the EXIF block is kept; a damaged one is not. */
  keepsExif: boolean;
  /** Width and height of a page, if the image becomes smaller. */
  size: { width: number; height: number } | undefined;
  quality: number;
}

/** Time limit for drawing an SVG. */
const svgSeconds = 60;

/** Encodes an image, and checks that its location can be read from the result. */
export async function encode(
  image: SourceImage,
  target: Target,
): Promise<{ data: Buffer; width: number; height: number }> {
  const encoded = await encodeWith(image, target);
  const { location } = target;
  if (!location) return encoded;
  const bytes = new Uint8Array(encoded.data.buffer as ArrayBuffer, encoded.data.byteOffset, encoded.data.byteLength);
  const written = (await locationOf({ bytes })).location;
  const hasLocation = written?.latitude === location.latitude && written.longitude === location.longitude;
  // A JPEG has space for 64 KB of EXIF; a longer block is dropped as a whole.
  return hasLocation ? encoded : encodeWith(image, { ...target, keepsExif: false });
}

async function encodeWith(image: SourceImage, target: Target) {
  let pixels = await pixelsOf(image, target);
  if (target.size) pixels = pixels.resize({ ...target.size, fit: "fill" });
  if (target.format === "jpeg") pixels = pixels.flatten({ background: "white" });
  if (keepsDepth(image, target.format)) pixels = pixels.toColourspace(image.header.space);
  // The profile of CMYK inks does not fit pixels that are RGB now.
  if (image.header.space !== "cmyk") pixels = pixels.keepIccProfile();
  const { data, info } = await written(withTags(pixels, image, target), image, target).toBuffer({
    resolveWithObject: true,
  });
  return { data, width: info.width, height: info.pageHeight ?? info.height };
}

/** Keeps the EXIF block, the location, and the orientation of pixels that are not rotated. */
function withTags(
  pixels: Sharp,
  { header, orientation }: SourceImage,
  { format, turns, location, keepsExif }: Target,
): Sharp {
  const keepsOrientation = !turns && orientation > 1;
  // For TIFF, sharp writes only the orientation of the EXIF block.
  if (format === "tiff") {
    const tagged = keepsOrientation ? pixels.keepExif() : pixels;
    return location ? tagged.withXmp(xmpOf(location)) : tagged;
  }
  const tags = {
    ...(keepsOrientation ? { IFD0: { Orientation: `${orientation}` } } : {}),
    ...(location ? { IFD3: gpsOf(location) } : {}),
  };
  const keeps = keepsExif && header.exif !== undefined;
  if (Object.keys(tags).length === 0) return keeps ? pixels.keepExif() : pixels;
  return keeps ? pixels.withExifMerge(tags) : pixels.withExif(tags);
}

/** Returns the pixels, rotated if necessary. Rotates page by page, since sharp would rotate the strip of all pages. */
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

/** Whether the result keeps the 16 bits a channel of the image. */
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

/** Formats degrees as a fraction with seven decimal places: a centimetre. */
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
