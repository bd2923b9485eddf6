/** The records of the store. */

export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

export interface StoredConcept {
  id: string;
  value: number;
}

export interface GeoRecord {
  geo_point: { longitude: number; latitude: number };
}

/** What an input's own annotation holds: all that a patch of an input can change. */
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
  /** Its data besides concepts, unchanged. */
  data?: JsonObject | undefined;
}

/** The data of a posted annotation: fields, or one region (in a frame or a time segment, whose own facts are in `around`). */
export interface AnnotationData extends Fields {
  region?: Region | undefined;
  around?: { in: "frames" | "time_segments"; facts: JsonObject } | undefined;
  /** Data of other kinds (text, embeddings and so on), unchanged. */
  other?: JsonObject | undefined;
}

export const mediaKinds = ["image", "video", "audio", "text"] as const;
export type StoredKind = (typeof mediaKinds)[number];

/** Longest sides of the smaller renditions of images, in pixels. */
export const renditions: Readonly<Record<string, number>> = { tiny: 100, small: 320, large: 1024 };

/** Sizes that media of a kind have; "orig" is what was uploaded, byte for byte. */
export function sizesOf(kind: StoredKind): string[] {
  return kind === "image" ? ["orig", ...Object.keys(renditions)] : ["orig"];
}

export interface InputRow {
  seq: number;
  app: number;
  id: string;
  kind: StoredKind;
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
  /** 1 for the annotation that every input has by itself; its data are the input's fields. */
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
