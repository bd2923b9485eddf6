/** Media types: names for content without a type, and the kind of a type. */

import type { Kind } from "../kinds.js";

/** The type of unidentified content. */
export const unknownType = "application/octet-stream";
/** The type of text in another encoding than UTF-8, without a byte order mark. */
export const oldTextType = "text/plain; charset=unknown-8bit";

/** Returns the kind of a media type by its family. Some images and videos have a type of another family. */
export function kindOfType(mimeType: string | undefined): Kind | undefined {
  const family = mimeType?.slice(0, mimeType.indexOf("/"));
  if (family === "image" || family === "video" || family === "audio" || family === "text") return family;
  if (mimeType === "application/dicom" || mimeType === "application/x-navi-animation") return "image";
  return mimeType === "application/mxf" ? "video" : undefined;
}
