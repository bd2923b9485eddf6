/** The input model: plain, serialisable data about one image, video, audio or text. */

import type { Content } from "./fields/field-schemas.js";
import type { Input } from "./fields/fields.js";
import type { Kind, MediaKind } from "./kinds.js";

export type { Json } from "../util/json/json-values.js";
export type { Annotation, Frame, Mask, Span, TimeSegment } from "./annotations/schema.js";
export {
  type BytesContent,
  type Concept,
  Content,
  type FileContent,
  type GeoPoint,
  type ReadableContent,
  type UriContent,
  type UrlContent,
} from "./fields/field-schemas.js";
export { type Input, InputDraft } from "./fields/fields.js";
export type { Kind, MediaKind };

/** Returns the kind of an input, which decides its batch and its limits. An image with a text is an image. */
export function kindOf(input: Input): Kind | undefined {
  if (input.image) return "image";
  if (input.video) return "video";
  if (input.audio) return "audio";
  if (input.text !== undefined || input.textUrl !== undefined) return "text";
  return undefined;
}

/** Returns the kind and the handle of an input's media, which has bytes or a URL. */
export function mediaOf(input: Input): { kind: MediaKind; content: Content } | undefined {
  const kind = kindOf(input);
  const content = kind === undefined || kind === "text" ? undefined : input[kind];
  return content && { kind: kind as MediaKind, content };
}
