/** Guesses what a content is by its name: the name of a file, or the path of a URL. */

import type { Kind, MediaKind } from "../kinds.js";

const extensionsOf: Record<MediaKind, string> = {
  image:
    "jpg jpeg jpe jfif pjpeg mpo png apng gif webp tif tiff btf bmp dib svg svgz heic heif hif avif jxl jp2 j2k jpf jpx jpm psd psb ico cur tga " +
    "icb vda pcx pbm pgm ppm pnm pfm hdr exr xcf dds icns wdp jxr djvu eps fits dcm flif bpg qoi fpx mic pcd wbmp emf wmf xbm xpm " +
    "jng jbg jbig sgi xwd pict ktx ktx2 fax g3",
  video:
    "mp4 m4v mov qt avi wmv asf 3gp 3gpp 3g2 3gp2 webm mkv mk3d mpg mpeg mpe m2v m2ts flv f4v ogv ogm rm rmvb mxf vob divx dv mng nut",
  audio:
    "wav wave mp3 mp2 mpga m4a m4b m4r aac ogg oga opus spx flac wma aif aiff aifc amr awb mka weba caf au snd ape wv ac3 dts dsf dff mid midi ra tta w64 voc adx eac3",
};

/** Extensions of camera raw files, most of which begin like a TIFF. */
const rawTypes: Record<string, string> = {
  "3fr": "image/x-hasselblad-3fr",
  arw: "image/x-sony-arw",
  cr2: "image/x-canon-cr2",
  cr3: "image/x-canon-cr3",
  crw: "image/x-canon-crw",
  dcr: "image/x-kodak-dcr",
  dng: "image/x-adobe-dng",
  erf: "image/x-epson-erf",
  fff: "image/x-hasselblad-fff",
  iiq: "image/x-phaseone-iiq",
  k25: "image/x-kodak-k25",
  kdc: "image/x-kodak-kdc",
  mef: "image/x-mamiya-mef",
  mos: "image/x-leaf-mos",
  mrw: "image/x-minolta-mrw",
  nef: "image/x-nikon-nef",
  nrw: "image/x-nikon-nrw",
  orf: "image/x-olympus-orf",
  ori: "image/x-olympus-orf",
  pef: "image/x-pentax-pef",
  raf: "image/x-fujifilm-raf",
  rw2: "image/x-panasonic-rw2",
  rwl: "image/x-panasonic-rwl",
  sr2: "image/x-sony-sr2",
  srf: "image/x-sony-srf",
  srw: "image/x-samsung-srw",
  x3f: "image/x-sigma-x3f",
};

const kindsByExtension = new Map<string, MediaKind>([
  ...Object.entries(extensionsOf).flatMap(([kind, list]) =>
    list.split(" ").map((extension) => [extension, kind as MediaKind] as const),
  ),
  ...Object.keys(rawTypes).map((extension) => [extension, "image"] as const),
]);

/** Returns the extension of a path in lower case, without its dot; an empty text if the path has no extension. */
export function extensionOf(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? "" : name.slice(dot + 1).toLowerCase();
}

/** Returns the kind of a media file by its name; undefined for other names. */
export function mediaKindOfName(path: string): MediaKind | undefined {
  return kindsByExtension.get(extensionOf(path));
}

/** Returns the media type of a camera raw file by its name; undefined for other names. */
export function rawTypeOfName(path: string): string | undefined {
  const extension = extensionOf(path);
  return Object.hasOwn(rawTypes, extension) ? rawTypes[extension] : undefined;
}

/** Whether a file is a TGA by its name. Its content has no signature at a fixed position. */
export function isTgaName(path: string): boolean {
  return /^(?:tga|icb|vda|vst)$/.test(extensionOf(path));
}

/** Whether a file is a text by its name: the names that `folder()` reads as text by default. */
export function isTextName(path: string): boolean {
  const extension = extensionOf(path);
  return extension === "txt" || extension === "md" || extension === "text";
}

const textExtensions = new Set(["txt", "text", "csv", "tsv", "md"]);

/** Guesses the kind of a URL by the extension of its path; returns undefined for other extensions. Used where there is no content to read. */
export function kindOfUrl(url: URL): Kind | undefined {
  return mediaKindOfName(url.pathname) ?? (textExtensions.has(extensionOf(url.pathname)) ? "text" : undefined);
}

/** Returns the field of a draft that takes a URL of this kind. */
export function urlField(kind: Kind, url: string): { [field: string]: unknown } {
  return kind === "text" ? { textUrl: url } : { [kind]: { url } };
}
