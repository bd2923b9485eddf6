/** The input model: plain, serialisable data about one image, video, audio or text. */

import { types } from "node:util";
import * as z from "zod";
import { isObject, type Json } from "../util/json-values.js";
import type { Kind, MediaKind } from "./kinds.js";

export type { Json, Kind, MediaKind };

const facts = {
  /** Type found by content, such as `image/jpeg`. */
  mimeType: z.string().optional(),
  /** Width in pixels, as stored (before EXIF orientation). */
  width: z.number().optional(),
  /** Height in pixels, as stored (before EXIF orientation). */
  height: z.number().optional(),
};

/** A file on disk. `sizeBytes` and the facts are filled in when the flow takes the input in. */
const FileContent = z.strictObject({
  path: z.string().min(1),
  sizeBytes: z.number().int().nonnegative().optional(),
  /** Last change of the file, in milliseconds since 1970. */
  modifiedMs: z.number().optional(),
  ...facts,
});
/** An address that the platform fetches by itself. */
const UrlContent = z.strictObject({
  url: z.string().min(1),
  /** Where the platform keeps the original bytes; set on inputs that were listed. */
  hostedUrl: z.string().optional(),
  ...facts,
});
/** Bytes that a source or a transform made; they count against `maxBytesInFlight`. */
const BytesContent = z.strictObject({
  bytes: z.custom<Uint8Array>(types.isUint8Array, "expected a Uint8Array"),
  ...facts,
});

const contentForms = "{ path }, { url } or { bytes }";
export const Content = z.union([FileContent, UrlContent, BytesContent], `expected ${contentForms}`);
/** A file on disk. `sizeBytes` and the facts are filled in when the flow takes the input in. */
export type FileContent = z.output<typeof FileContent>;
/** An address that the platform fetches by itself. */
export type UrlContent = z.output<typeof UrlContent>;
/** Bytes that a source or a transform made; they count against `maxBytesInFlight`. */
export type BytesContent = z.output<typeof BytesContent>;
/** A handle on bytes: a file, a URL, or bytes in memory. Open it with `openContent`. */
export type Content = FileContent | UrlContent | BytesContent;

/** An object of JSON values. Their check copies them, and stands in `json.ts`. */
const JsonObject = z.custom<{ [key: string]: Json }>(isObject, "expected an object");

const Concept = z.strictObject({
  id: z.string().min(1),
  /** Label that people see. Default: the id. */
  name: z.string().optional(),
  /** 1: present, 0: absent. Default: 1. */
  value: z.number().min(0).max(1).optional(),
});
/** A label of an input or of a region. */
export type Concept = z.output<typeof Concept>;

const GeoPoint = z.strictObject({
  /** Degrees east, -180 to 180. */
  longitude: z.number().min(-180).max(180),
  /** Degrees north, -90 to 90. */
  latitude: z.number().min(-90).max(90),
});
/** A place on earth. */
export type GeoPoint = z.output<typeof GeoPoint>;

const unit = z.number().min(0).max(1);
const Annotation = z.strictObject({
  /** Id of the annotation; the platform makes one when it is left out. */
  id: z.string().min(1).optional(),
  /** `[xMin, yMin, xMax, yMax]` as shares of width and height, 0 to 1. */
  box: z.tuple([unit, unit, unit, unit]).optional(),
  /** `[x, y]` corners as shares of width and height, 0 to 1. */
  polygon: z
    .array(z.tuple([unit, unit]))
    .min(3)
    .optional(),
  /** What the region shows; without a region, what the input shows. */
  concepts: z.array(Concept).default([]),
  /** Free data about the annotation. */
  info: JsonObject.optional(),
  /**
   * The API's own data of the annotation, as JSON, for what `box`, `polygon` and `concepts` cannot say. Of a point, a mask, a span, a frame or a time
   * segment it holds everything; beside a box or polygon it holds the rest, such as the region's score. It is sent as it is.
   */
  data: JsonObject.optional(),
  /** Code of the review state, such as 24157 (awaiting review). Default: the platform's own, 24150. */
  statusCode: z.number().int().optional(),
});
/** What is known about an input or a part of it: a box, a polygon, concepts, or another kind in the API's own form. */
export type Annotation = z.output<typeof Annotation>;

const Status = z.strictObject({
  code: z.number(),
  description: z.string().optional(),
  details: z.string().optional(),
});

/** The same, with all that is in it read-only. Bytes are not: they are neither copied nor frozen. */
type Frozen<T> = T extends Uint8Array
  ? T
  : T extends readonly [unknown, ...unknown[]]
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T extends readonly (infer Entry)[]
      ? readonly Frozen<Entry>[]
      : T extends object
        ? { readonly [Key in keyof T]: Frozen<T[Key]> }
        : T;

/** An input in full, as transforms and sinks get it. It is deeply frozen, bytes excepted: return a changed copy. */
export interface Input {
  /** Unique in the app: 1–48 letters, digits, `-` and `_`. */
  readonly id: string;
  readonly image?: Frozen<Content> | undefined;
  readonly video?: Frozen<Content> | undefined;
  readonly audio?: Frozen<Content> | undefined;
  /** The text itself. */
  readonly text?: string | undefined;
  /** Address of a text that the platform fetches. */
  readonly textUrl?: string | undefined;
  readonly concepts: readonly Frozen<Concept>[];
  readonly metadata: { readonly [key: string]: Json };
  readonly geo?: Frozen<GeoPoint> | undefined;
  readonly annotations: readonly Annotation[];
  /** Ids of the datasets that the input joins. */
  readonly datasets: readonly string[];
  /** State on the platform; set on inputs that were listed. */
  readonly status?: { code: number; description?: string | undefined; details?: string | undefined } | undefined;
  readonly createdAt?: string | undefined;
  readonly modifiedAt?: string | undefined;
}

/**
 * What a source may yield and what `values()` takes: like `Input`, with less to write. Concepts and geo have short
 * forms, text may be a handle (its file is read as UTF-8), and everything but the content may be left out.
 */
export const InputDraft = z.strictObject({
  id: z.string().optional(),
  image: Content.optional(),
  video: Content.optional(),
  audio: Content.optional(),
  text: z.union([z.string(), Content], `expected a text, ${contentForms}`).optional(),
  textUrl: z.string().optional(),
  concepts: z.array(z.union([z.string().min(1), Concept], "expected a name or { id, name, value }")).optional(),
  metadata: JsonObject.optional(),
  geo: GeoPoint.optional(),
  annotations: z.array(Annotation).optional(),
  datasets: z.array(z.string().min(1)).optional(),
  status: Status.optional(),
  createdAt: z.string().optional(),
  modifiedAt: z.string().optional(),
});
export type InputDraft = z.input<typeof InputDraft>;

/** The kind of an input: what its batch and its limits go by; image wins over text in a pair of both. */
export function kindOf(input: Input): Kind | undefined {
  if (input.image) return "image";
  if (input.video) return "video";
  if (input.audio) return "audio";
  if (input.text !== undefined || input.textUrl !== undefined) return "text";
  return undefined;
}

/** The media of an input that has bytes or a URL: its kind and its handle. */
export function mediaOf(input: Input): { kind: MediaKind; content: Content } | undefined {
  const kind = kindOf(input);
  const content = kind === undefined || kind === "text" ? undefined : input[kind];
  return content && { kind: kind as MediaKind, content };
}
