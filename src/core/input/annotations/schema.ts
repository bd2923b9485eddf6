/** The annotation: its shape, and the check of each of its fields. */

import * as z from "zod";
import { Concept, JsonObject } from "../fields/field-schemas.js";

const unit = z.number().min(0).max(1);
const count = z.number().int().min(0).max(0xffffffff);

/** A mask: a PNG whose pixels cover the picture. */
const Mask = z.union(
  [z.strictObject({ base64: z.string().min(1) }), z.strictObject({ url: z.string().min(1) })],
  "expected { base64 } or { url }",
);
/** A mask: a PNG whose pixels cover the picture, as base64 or by its address. */
export type Mask = z.output<typeof Mask>;

const Span = z.strictObject({
  /** Index of the first character. A character is a code point, as in Python: an emoji counts once. */
  start: count,
  /** Index behind the last character. */
  end: count,
  /** The characters themselves. */
  text: z.string().optional(),
});
/** A part of a text. */
export type Span = z.output<typeof Span>;

const Frame = z
  .strictObject({
    /** Time of the frame from the beginning of the video, in milliseconds. */
    timeMs: count.optional(),
    /** Number of the frame in the video. */
    number: count.optional(),
    /** Index of the frame in the list of sampled frames. */
    index: count.optional(),
  })
  .refine((frame) => Object.values(frame).some((value) => value !== undefined), "expected timeMs, number or index");
/** A frame of a video. */
export type Frame = z.output<typeof Frame>;

const TimeSegment = z.strictObject({
  /** Begin of the segment, from the beginning of the video or audio. The platform's definition names no unit; the number is sent unchanged. */
  begin: z.number().min(0),
  /** End of the segment, in the same unit. */
  end: z.number().min(0),
  /** Number of frames in the segment. */
  frames: count.optional(),
});
/** A part of a video or audio. */
export type TimeSegment = z.output<typeof TimeSegment>;

const ConceptOrName = z.union(
  [
    z
      .string()
      .min(1)
      .transform((id): Concept => ({ id })),
    Concept,
  ],
  "expected a name or { id, name, value }",
);

export const Annotation = z.strictObject({
  /** Id of the annotation. Default: the platform makes one. */
  id: z.string().min(1).optional(),
  /** `[xMin, yMin, xMax, yMax]` as shares of width and height, 0 to 1. */
  box: z.tuple([unit, unit, unit, unit]).optional(),
  /** `[x, y]` corners as shares of width and height, 0 to 1. */
  polygon: z
    .array(z.tuple([unit, unit]))
    .min(3)
    .optional(),
  /** What the region shows; without a region, what the input shows. */
  concepts: z.array(ConceptOrName).default([]),
  /** Free data about the annotation. */
  info: JsonObject.optional(),
  /**
   * The API's own data of the annotation, as JSON, for what the other fields cannot express. For an annotation of another kind, such as a track, it holds
   * everything. Beside a typed shape, it holds the rest, such as the region's score. It is sent unchanged.
   */
  data: JsonObject.optional(),
  /** Code of the review state, such as 24157 (awaiting review). Default: the platform's own, 24150. */
  statusCode: z.number().int().optional(),
  /** `[x, y]` as shares of width and height, 0 to 1. */
  point: z.tuple([unit, unit]).optional(),
  /** The pixels of a region: a PNG as `{ base64 }`, or its address as `{ url }`. */
  mask: Mask.optional(),
  /** A part of a text: from the character `start` up to the character `end`, which is not part of it. */
  span: Span.optional(),
  /** The frame of a video that the annotation is about. It may have a box, polygon, point or mask. */
  frame: Frame.optional(),
  /** The part of a video or audio that the annotation is about. */
  timeSegment: TimeSegment.optional(),
});
/** What is known about an input or a part of it: a region, a span, a frame, a time segment, concepts, or another kind in the API's own form. */
export type Annotation = z.output<typeof Annotation>;
