/** Checks one input against the documented limits, before anything is sent. */

import { InputError } from "../core/errors.js";
import { checkAnnotation } from "../core/input/annotations/check-annotation.js";
import { geoPointFrom } from "../core/input/coordinates.js";
import { kindOfType, unknownType } from "../core/input/detect/types.js";
import { checkId } from "../core/input/ids.js";
import { type Content, type Input, kindOf, mediaOf } from "../core/input/input.js";
import { type MediaKind, mediaKinds } from "../core/input/kinds.js";
import { limits } from "./limits.js";
import type { SizedInput } from "./wire/encode-input.js";

const acceptedImages: ReadonlySet<string> = new Set(limits.imageTypes);
const refusedTypes: ReadonlySet<string> = new Set(limits.refusedTypes);

/**
 * Checks what the platform would refuse in any request: id, size, pixels, kind, format, location and annotations of an input. The error names the value
 * and the limit. An input without content passes, since a patch needs none.
 *
 * @throws {InputError} ERR_ID_…, ERR_INPUT_MEDIA, ERR_ITEM_TOO_LARGE, ERR_IMAGE_TOO_LARGE, ERR_KIND_UNKNOWN, ERR_KIND_MISMATCH, ERR_FORMAT, ERR_GEO,
 * ERR_BOX, ERR_POLYGON, ERR_POINT, ERR_MASK, ERR_SPAN, ERR_TIME_SEGMENT, ERR_ANNOTATION_KIND
 */
export function checkLimits(input: Input, encoded: SizedInput): void {
  checkId(input.id);
  checkMedia(input);
  if (input.geo) geoPointFrom(input.geo.longitude, input.geo.latitude); // a transform may have set it
  for (const annotation of input.annotations) checkAnnotation(annotation, input, { isStored: true });
  const kind = kindOf(input);
  const media = mediaOf(input);
  if (kind === "video" && encoded.mediaBytes > limits.maxLargeVideoBytes) {
    const text = `the video has ${encoded.mediaBytes} bytes; the limit is ${limits.maxLargeVideoBytes}`;
    throw new InputError("ERR_ITEM_TOO_LARGE", text);
  }
  if (media && kind && kind !== "video" && encoded.mediaBytes >= limits.maxItemBytes[kind]) {
    throw new InputError("ERR_ITEM_TOO_LARGE", tooLarge(media.kind, encoded.mediaBytes, limits.maxItemBytes[kind]));
  }
  if (media) checkFacts(media.kind, media.content);
  if (input.text !== undefined) {
    const bytes = input.text.length * 3 < limits.maxItemBytes.text ? 0 : Buffer.byteLength(input.text);
    if (bytes >= limits.maxItemBytes.text) {
      throw new InputError("ERR_ITEM_TOO_LARGE", tooLarge("text", bytes, limits.maxItemBytes.text));
    }
  }
  if (kind !== "video" && encoded.bytes >= limits.maxRequestBytes) {
    throw new InputError("ERR_ITEM_TOO_LARGE", tooLarge("encoded input", encoded.bytes, limits.maxRequestBytes));
  }
}

/** Checks that an input has content to upload. @throws {InputError} ERR_INPUT_EMPTY, ERR_TEXT_EMPTY */
export function checkContent(input: Input): void {
  if (kindOf(input) === undefined) {
    throw new InputError("ERR_INPUT_EMPTY", "the input has no image, video, audio or text");
  }
  if (input.text === "") throw new InputError("ERR_TEXT_EMPTY", "the text is empty");
}

function checkMedia(input: Input): void {
  const { image, video, audio } = input;
  if ((image ? 1 : 0) + (video ? 1 : 0) + (audio ? 1 : 0) <= 1) return;
  const media = mediaKinds.filter((kind) => input[kind] !== undefined);
  throw new InputError(
    "ERR_INPUT_MEDIA",
    `the input has ${media.join(" and ")}; it can have only one of them (an image may also have a text)`,
  );
}

function checkFacts(kind: MediaKind, content: Content): void {
  const { mimeType, width, height } = content;
  if (mimeType !== undefined && !("url" in content)) checkType(kind, mimeType);
  if (kind !== "image" || width === undefined || height === undefined) return;
  const megapixels = (width * height) / 1_000_000;
  if (megapixels > limits.maxMegapixels) {
    throw new InputError(
      "ERR_IMAGE_TOO_LARGE",
      `the image has ${width} × ${height} = ${megapixels.toFixed(1)} megapixels; the limit is ${limits.maxMegapixels} (fitImage makes it smaller)`,
    );
  }
}

/** Checks that a content has the kind of its field, and a format that the platform accepts. */
function checkType(kind: MediaKind, mimeType: string): void {
  const found = kindOfType(mimeType);
  if (found === undefined) {
    const what = mimeType === unknownType ? "of no known type" : mimeType;
    throw new InputError("ERR_KIND_UNKNOWN", `the input is sent as ${kind}, and its content is ${what}`);
  }
  if (found !== kind) {
    const advice = "detectType() moves a content to the field of its kind";
    throw new InputError(
      "ERR_KIND_MISMATCH",
      `the input is sent as ${kind}, but its content is ${mimeType} (${advice})`,
    );
  }
  if (kind === "image" ? acceptedImages.has(mimeType) : !refusedTypes.has(mimeType)) return;
  const advice =
    kind === "image"
      ? "accepts JPEG, PNG, TIFF, BMP, WEBP and GIF (fitImage() converts the images that it can decode)"
      : "does not accept this format";
  throw new InputError("ERR_FORMAT", `the ${kind} is ${mimeType}; the platform ${advice}`);
}

function tooLarge(what: string, bytes: number, limit: number): string {
  return `the ${what} has ${bytes} bytes; the limit is less than ${limit}`;
}
