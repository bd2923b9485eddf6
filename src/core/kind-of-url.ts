/** The kind of what a URL points to, guessed by its extension; for references, where there is no content to look at. */

import type { Kind } from "./input.js";

const kindsByExtension: Record<string, Kind> = Object.fromEntries([
  ...["jpg", "jpeg", "png", "webp", "gif", "tif", "tiff", "bmp"].map((extension) => [extension, "image"]),
  ...["mp4", "mov", "avi", "wmv", "3gp", "webm", "mkv", "m4v"].map((extension) => [extension, "video"]),
  ...["wav", "mp3", "ogg", "flac", "m4a", "aac"].map((extension) => [extension, "audio"]),
  ...["txt", "csv", "tsv", "md"].map((extension) => [extension, "text"]),
]) as Record<string, Kind>;

/** The kind by the extension of the URL's path, or undefined. */
export function kindOfUrl(url: URL): Kind | undefined {
  const extension = /\.([A-Za-z0-9]+)$/.exec(url.pathname)?.[1]?.toLowerCase();
  return extension !== undefined && Object.hasOwn(kindsByExtension, extension)
    ? kindsByExtension[extension]
    : undefined;
}

/** The draft field that takes a URL of this kind. */
export function urlField(kind: Kind, url: string): { [field: string]: unknown } {
  return kind === "text" ? { textUrl: url } : { [kind]: { url } };
}
