/** The rows of the store, and the JSON in them. */

import type { Kind } from "../../core/input/kinds.js";
import type { JsonObject } from "../../core/util/json/json-values.js";

export interface StoredConcept {
  id: string;
  value: number;
}

/** A type and not an interface, so that it is assignable to `JsonObject`. */
export type GeoRecord = { geo_point: { longitude: number; latitude: number } };

/** The fields of an input that a patch can change. */
export interface Fields {
  concepts?: StoredConcept[];
  metadata?: JsonObject;
  geo?: GeoRecord;
}

export interface Region {
  id?: string | undefined;
  region_info?: JsonObject | undefined;
  concepts: StoredConcept[];
  value?: number | undefined;
  track_id?: string | undefined;
  /** Data besides concepts, unchanged. */
  data?: JsonObject | undefined;
}

/** The data of a posted annotation: fields, or one region. `around` is the frame or time segment that contains them, with its own fields. */
export interface AnnotationData extends Fields {
  region?: Region | undefined;
  around?: { in: "frames" | "time_segments"; facts: JsonObject } | undefined;
  /** Data of other kinds (text, embeddings and so on), unchanged. */
  other?: JsonObject | undefined;
}

/** Longest sides of the smaller renditions of images, in pixels. */
export const renditions: Readonly<Record<string, number>> = { tiny: 100, small: 320, large: 1024 };

/** Returns the sizes of the media of a kind. "orig" is the uploaded file, byte for byte. */
export function sizesOf(kind: Kind): string[] {
  return kind === "image" ? ["orig", ...Object.keys(renditions)] : ["orig"];
}

export interface InputRow {
  seq: number;
  app: number;
  id: string;
  kind: Kind;
  /** JSON of the media objects, without bytes. */
  media: string;
  /** JSON of `Fields`. */
  fields: string;
  sha256: string | null;
  size_bytes: number;
  url: string | null;
  status: number;
  details: string | null;
  job: string | null;
  created_at: string;
  modified_at: string;
  times_stored: number;
  deleting: number;
}

export interface AnnotationRow {
  seq: number;
  app: number;
  id: string;
  input_id: string;
  /** 1 for the input-level annotation, which every input has. Its data are the fields of the input. */
  level: number;
  /** JSON of `AnnotationData`. */
  data: string;
  info: string | null;
  status: number;
  created_at: string;
  modified_at: string;
}

export interface JobRow {
  id: string;
  pending: number;
  in_progress: number;
  success: number;
  failed: number;
  cancelled: number;
  created_at: string;
  modified_at: string;
}

export interface AppRow {
  seq: number;
  user: string;
  id: string;
  created_at: string;
}
