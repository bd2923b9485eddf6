/** The parts of an input that have fields of their own: content handles, concepts, locations. Annotations have a file of their own. */

import { types } from "node:util";
import * as z from "zod";
import { isObject, type Json } from "../../util/json/json-values.js";
import { latitudeLimit, longitudeLimit } from "../coordinates.js";

const facts = {
  /** Type found by content, such as `image/jpeg`. */
  mimeType: z.string().optional(),
  /** Width in pixels, as stored (before EXIF orientation). */
  width: z.number().optional(),
  /** Height in pixels, as stored (before EXIF orientation). */
  height: z.number().optional(),
};

const byteCount = z.number().int().nonnegative();
/** The version of a content, as its source names it: a checksum, an ETag. A resumed run compares it, in place of the time of a file. */
const version = z.string().min(1).optional();

/**
 * A file on disk, or a part of it: `length` bytes from `offset`, such as an entry of an archive. The flow fills in `sizeBytes` and the facts when it normalizes
 * the input.
 */
const FileContent = z
  .strictObject({
    path: z.string().min(1),
    /** Position of the first byte. */
    offset: byteCount.optional(),
    /** Number of bytes from `offset`. */
    length: byteCount.optional(),
    sizeBytes: byteCount.optional(),
    /** Last change of the file, in milliseconds since 1970. */
    modifiedMs: z.number().optional(),
    version,
    ...facts,
  })
  .refine(
    ({ offset, length }) => (offset === undefined) === (length === undefined),
    "offset and length belong together",
  );
/** A content that the opener of its scheme reads, such as `s3://bucket/key`. The URI has no secrets in it: it is written to disk. */
const UriContent = z.strictObject({
  uri: z.string().regex(/^[A-Za-z][A-Za-z0-9+.-]+:./, "expected a URI with a scheme, such as s3://bucket/key"),
  sizeBytes: byteCount,
  version,
  ...facts,
});
/** An address that the platform fetches by itself. */
const UrlContent = z.strictObject({
  url: z.string().min(1),
  /** Where the platform keeps the original bytes; set on inputs that were listed. */
  hostedUrl: z.string().optional(),
  /** Names of the sizes in which the platform also keeps it, such as `tiny`; set on inputs that were listed. */
  renditions: z.array(z.string()).readonly().optional(),
  /** Bytes of the original that the platform keeps; set on inputs that were listed with their sizes. */
  storedBytes: byteCount.optional(),
  ...facts,
});
/** Bytes that a source or a transform made; they count against `maxBytesInFlight`. */
const BytesContent = z.strictObject({
  bytes: z.custom<Uint8Array>(types.isUint8Array, "expected a Uint8Array"),
  ...facts,
});

/** The forms of a content, for error texts. */
export const contentForms = "{ path }, { url }, { uri, sizeBytes } or { bytes }";
export const Content = z.union([FileContent, UrlContent, UriContent, BytesContent], `expected ${contentForms}`);
/**
 * A file on disk, or a part of it: `length` bytes from `offset`, such as an entry of an archive. The flow fills in `sizeBytes` and the facts when it normalizes
 * the input.
 */
export type FileContent = z.output<typeof FileContent>;
/** An address that the platform fetches by itself. */
export type UrlContent = z.output<typeof UrlContent>;
/** A content that the opener of its scheme reads, such as `s3://bucket/key`. The URI has no secrets in it: it is written to disk. */
export type UriContent = z.output<typeof UriContent>;
/** Bytes that a source or a transform made; they count against `maxBytesInFlight`. */
export type BytesContent = z.output<typeof BytesContent>;
/** A handle on bytes: a file or a part of it, a URL, what an opener reads, or bytes in memory. Open it with `openContent`. */
export type Content = FileContent | UrlContent | UriContent | BytesContent;
/** A content that can be read as it is; the platform fetches a URL itself. */
export type ReadableContent = Exclude<Content, UrlContent>;

/** An object of JSON values. `frozenJson` checks the values while it copies them. */
export const JsonObject = z.custom<{ [key: string]: Json }>(isObject, "expected an object");

export const Concept = z.strictObject({
  id: z.string().min(1),
  /** Label that people see. Default: the id. */
  name: z.string().optional(),
  /** 1: present, 0: absent. Default: 1. */
  value: z.number().min(0).max(1).optional(),
});
/** A label of an input or of a region. */
export type Concept = z.output<typeof Concept>;

export const GeoPoint = z.strictObject({
  /** Degrees east, -180 to 180. */
  longitude: z.number().min(-longitudeLimit).max(longitudeLimit),
  /** Degrees north, -90 to 90. */
  latitude: z.number().min(-latitudeLimit).max(latitudeLimit),
});
/** A location on earth. */
export type GeoPoint = z.output<typeof GeoPoint>;

export const Status = z.strictObject({
  code: z.number(),
  description: z.string().optional(),
  details: z.string().optional(),
});

/** The same type, deeply read-only. Bytes stay writable: they are neither copied nor frozen. */
export type Frozen<T> = T extends Uint8Array
  ? T
  : T extends readonly [unknown, ...unknown[]]
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T extends readonly (infer Entry)[]
      ? readonly Frozen<Entry>[]
      : T extends object
        ? { readonly [Key in keyof T]: Frozen<T[Key]> }
        : T;
