/** Finds the check to which the error of a source, of a limit or of an annotation belongs. */

import type { CheckName } from "./checks.js";

const byCode: Readonly<Record<string, CheckName>> = {
  ERR_FORMAT: "unsupported-format",
  ERR_ITEM_TOO_LARGE: "over-limit",
  ERR_IMAGE_TOO_LARGE: "over-limit",
  ERR_LINE_TOO_LONG: "over-limit",
  ERR_IMAGE_MISSING: "orphan-label",
  ERR_IMAGE_SIZE: "size-mismatch",
  ERR_SIZE_UNKNOWN: "broken-file",
  ERR_KIND_UNKNOWN: "broken-file",
  ERR_NOT_A_FILE: "broken-file",
  ERR_TEXT_ENCODING: "broken-file",
  ERR_TEXT_EMPTY: "broken-file",
  ERR_INPUT_EMPTY: "broken-file",
  ERR_IMAGE_UNDECODABLE: "broken-file",
  ERR_EXIF: "broken-file",
  ERR_VIDEO: "broken-file",
  ERR_KIND_MISMATCH: "invalid-input",
  ERR_INPUT_MEDIA: "invalid-input",
  ERR_INPUT_SHAPE: "invalid-input",
  ERR_GEO: "invalid-input",
  ERR_ITEM: "invalid-input",
  ERR_JSON: "broken-label",
  ERR_LABEL: "broken-label",
  ERR_ANNOTATION: "broken-label",
  ERR_ANNOTATION_KIND: "broken-label",
  ERR_MASK: "broken-label",
  ERR_SPAN: "broken-label",
  ERR_TIME_SEGMENT: "broken-label",
  ERR_REGION: "broken-label",
};

/** Codes of regions. The text says what is wrong with the region. */
const ofRegions = /^ERR_(?:BOX|POLYGON|POINT)$/;
/** The path of a region in the error about the shape of an input. */
const regionPath = /\bannotations\.\d+\.(?:box|polygon|point)\b/;

/** Returns the check of an error by its code and, for regions, by its text. */
export function checkOfError(code: string, reason: string): CheckName {
  if (ofRegions.test(code) || (code === "ERR_INPUT_SHAPE" && regionPath.test(reason))) return checkOfRegion(reason);
  if (code === "ERR_FILE_UNREADABLE" && /\bENOENT\b/.test(reason)) return "orphan-label";
  const known = Object.hasOwn(byCode, code) ? byCode[code] : undefined;
  if (known) return known;
  if (/^ERR_(?:FILE|CONTENT|ARCHIVE|ZIP|TAR|OPENER)_/.test(code)) return "broken-file";
  if (/^ERR_ID_/.test(code)) return "invalid-input";
  return /^ERR_CSV_/.test(code) ? "broken-label" : "unreadable";
}

function checkOfRegion(reason: string): CheckName {
  if (/no area|must be less/.test(reason)) return "degenerate-box";
  if (/inside the image|(?:too (?:small|big)|expected number to be)|[<>]=/i.test(reason) && !/array/i.test(reason))
    return "out-of-frame-box";
  if (/polygon/.test(reason) && /corner|points|array/i.test(reason)) return "invalid-polygon";
  return "broken-label";
}
