/** Media types: those of ours for what has none, and the kind that a type stands for. */

import type { Kind } from "../kinds.js";

/** The type of what nothing is known of. */
export const unknownType = "application/octet-stream";
/** The type of text in an encoding that has no byte order mark and is not UTF-8. */
export const oldTextType = "text/plain; charset=unknown-8bit";

/** The kind of a type by its family; some sound and images have a type of another family. */
export function kindOfType(mimeType: string | undefined): Kind | undefined {
  const family = mimeType?.slice(0, mimeType.indexOf("/"));
  if (family === "image" || family === "video" || family === "audio" || family === "text") return family;
  if (mimeType === "application/dicom" || mimeType === "application/x-navi-animation") return "image";
  return mimeType === "application/mxf" ? "video" : undefined;
}
