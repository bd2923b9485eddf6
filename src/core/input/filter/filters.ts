/** Filters of inputs: one way to say which inputs a listing, a search or a transform selects. */

import * as z from "zod";
import type { Json } from "../../util/json/json-values.js";
import { microsecondsOf } from "../../util/microseconds.js";
import { areOnEarth } from "../coordinates.js";
import { GeoPoint, JsonObject } from "../fields/field-schemas.js";
import { frozenJson, ShapeError } from "../frozen-json.js";
import { kinds } from "../kinds.js";
import { valueOfText } from "./text-values.js";

const bytes = z.number().int().nonnegative();
const names = z.array(z.string().min(1)).min(1);

/** A time as text or as Date; the check returns it in microseconds since 1970. */
const Time = z
  .union(
    [z.date(), z.iso.date(), z.iso.datetime({ offset: true })],
    'expected a Date, a day such as "2026-03-01" (it begins at 0:00 UTC), or a time with its zone, such as "2026-03-01T10:00:00Z"',
  )
  .transform((time) =>
    time instanceof Date ? time.getTime() * 1000 : (microsecondsOf(time) ?? Date.parse(time) * 1000),
  );

/** Metadata to compare with: JSON without undefined values, and at least one key. */
const Metadata = JsonObject.superRefine((metadata, context) => {
  try {
    frozenJson(metadata, "metadata");
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    context.addIssue({ code: "custom", message: error.message, input: metadata });
  }
  if (Object.keys(metadata).length === 0) context.addIssue("expected at least one key");
}).refine((metadata) => !hasUndefined(metadata), "a value in it is undefined, which would select everything");

/** A wanted entry of metadata whose value came as text: the text, and the value that it is in JSON. */
export interface TextEntry {
  key: string;
  text: string;
  value: Json;
}

/** Metadata to compare with, as texts; the check reads each text as JSON, too. */
const MetadataText = z
  .record(z.string(), z.string())
  .refine((entries) => Object.keys(entries).length > 0, "expected at least one key")
  .transform((entries, context) =>
    Object.entries(entries).map(([key, text]): TextEntry => {
      try {
        return { key, text, value: valueOfText(text) };
      } catch (error) {
        context.addIssue((error as Error).message);
        return { key, text, value: text };
      }
    }),
  );

/** Parts that an input may have or lack. */
export const inputParts = ["annotations", "concepts", "metadata", "geo", "datasets"] as const;
const parts = z.array(z.enum(inputParts)).min(1);

const Circle = z.strictObject({
  ...GeoPoint.shape,
  /** Distance on the surface of the earth, taken as a sphere with a radius of 6371 km. */
  withinKm: z.number().positive(),
});
const Box = z
  .strictObject({ west: z.number(), south: z.number(), east: z.number(), north: z.number() })
  .refine(({ west, south }) => areOnEarth(west, south), "west and south must be a location on earth")
  .refine(({ east, north }) => areOnEarth(east, north), "east and north must be a location on earth")
  .refine(({ south, north }) => south <= north, "south must not be above north");

/** An area: a circle, or a box in degrees. A box whose west is greater than its east crosses the 180th meridian. */
export const Area = z.union(
  [Circle, Box],
  "expected { longitude, latitude, withinKm } or { west, south, east, north }, in degrees",
);
export type Area = z.output<typeof Area>;

const selectable = {
  concepts: names,
  metadata: Metadata,
  has: parts,
  location: Area,
  datasets: names,
  status: z.number().int(),
};

/** The fields of filters. An input must pass all that are set. */
export const filterFields = {
  /** Kinds. An image with a text counts as an image. */
  kinds: z.array(z.enum(kinds)).min(1).optional(),
  /** Ids or names of concepts. The input, or one of its annotations, must have each of them, with a value of 0.5 or more. */
  concepts: selectable.concepts.optional(),
  /** Keys and values that the metadata must have. An object must be contained in the stored one, a list must be equal to it. */
  metadata: selectable.metadata.optional(),
  /**
   * Keys and values of the metadata as texts, such as a command line has them. `{ zip: "12" }` finds the text "12" and the number 12; a text that is an object
   * in JSON must be contained in the stored one.
   */
  metadataText: MetadataText.optional(),
  /**
   * Parts that the input must have, each of them: `annotations`, `concepts` of its own, `metadata`, `geo`, `datasets`. The annotation that the platform adds
   * to every input does not count.
   */
  has: selectable.has.optional(),
  /** An area that must contain the location: `{ longitude, latitude, withinKm }` or `{ west, south, east, north }`, in degrees. */
  location: selectable.location.optional(),
  /** Ids of datasets. The input must be in at least one of them. */
  datasets: selectable.datasets.optional(),
  /** Status code, such as 30000 (processed) or 30002 (failed). */
  status: selectable.status.optional(),
  /** The input was added, or its content, status, concepts, metadata or location changed, at this time or later. Annotations do not count. */
  updatedSince: Time.optional(),
  /** The last such change was before this time. */
  updatedBefore: Time.optional(),
  /** The input was added at this time or later. */
  createdSince: Time.optional(),
  /** The input was added before this time. */
  createdBefore: Time.optional(),
  /**
   * Least size of the content, in bytes: of the media, or of a text in UTF-8. A listing asks the host of the media for the size of each input that passes the
   * other filters, in one request for each.
   */
  minBytes: bytes.optional(),
  /** Greatest size of the content, in bytes. */
  maxBytes: bytes.optional(),
  /** What excludes an input: any of these concepts, metadata, parts or datasets, this area, or this status. */
  not: z
    .strictObject({
      concepts: selectable.concepts.optional(),
      metadata: selectable.metadata.optional(),
      has: selectable.has.optional(),
      location: selectable.location.optional(),
      datasets: selectable.datasets.optional(),
      status: selectable.status.optional(),
    })
    .refine((not) => Object.keys(not).length > 0, "expected at least one filter")
    .refine((not) => !hasUndefined(not), "a filter in it is undefined, which would select everything")
    .optional(),
};

/** Names of the filters. A source refuses one that is present and undefined. */
export const filterNames = Object.keys(filterFields) as readonly (keyof typeof filterFields)[];

/** Filters after their check: times are microseconds since 1970. */
export type Filters = z.output<z.ZodObject<typeof filterFields>>;

/** Filters without those that are not set. */
export function setFilters(options: Filters): Filters {
  return Object.fromEntries(
    filterNames.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  );
}

/** The parts of a record that a listing reads only if they are asked for. */
export type RecordPart = "annotations" | "datasets" | "sizes";

/** Returns the parts of a record that filters look at. */
export function partsFor({ concepts, datasets, has = [], minBytes, maxBytes, not }: Filters): RecordPart[] {
  const parts: RecordPart[] = [];
  const looksAt = [...has, ...(not?.has ?? [])];
  if ((concepts ?? not?.concepts) || looksAt.includes("annotations")) parts.push("annotations");
  if ((datasets ?? not?.datasets) || looksAt.includes("datasets")) parts.push("datasets");
  if ((minBytes ?? maxBytes) !== undefined) parts.push("sizes");
  return parts;
}

function hasUndefined(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return value === undefined;
  return Object.values(value).some(hasUndefined);
}
