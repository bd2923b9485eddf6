/** Options that pulls and uploads of archives share, and their result. */

import { randomUUID } from "node:crypto";
import * as z from "zod";
import { OptionsError } from "../../core/errors.js";
import { conceptsFrom } from "../../core/input/concepts.js";
import { geoPointFrom } from "../../core/input/coordinates.js";
import { frozenJson, ShapeError } from "../../core/input/frozen-json.js";
import type { Concept } from "../../core/input/input.js";
import { isObject, type JsonObject } from "../../core/util/json/json-values.js";
import type { IngestFields } from "../client/app-types.js";
import { limits } from "../limits.js";
import type { IngestProgress } from "./follow-job.js";

const id = z.string().min(1).max(limits.maxIdLength);
const functionOf = <F extends (...parameters: never[]) => unknown>(what: string) =>
  z.custom<F>((value) => typeof value === "function", { error: `must be ${what}` });

/** The fields of `ingestOptions` that both calls have. */
export const ingestOptionFields = {
  /** Concepts for every input. */
  concepts: z
    .array(z.union([z.string().min(1), z.custom<Concept>((value) => isObject(value) && typeof value.id === "string")]))
    .default([]),
  /** Metadata for every input. */
  metadata: z.custom<JsonObject>(isObject, { error: "must be an object" }).default({}),
  /** Location for every input. */
  geo: z.strictObject({ longitude: z.number(), latitude: z.number() }).optional(),
  /** Datasets that every input joins. */
  datasets: z.array(id).default([]),
  /** "skip": an input whose id exists counts as failed. "suffix": the server gives it another id. Default: "skip". */
  conflict: z.enum(["skip", "suffix"]).default("skip"),
  /**
   * Id of the job on the server. If a job with this id exists, the call waits for that job and begins none, so that it can be repeated after a crash.
   * Default: a new id for each call.
   */
  jobId: id.optional(),
  /** Waits until the job ends. Default: true. */
  wait: z.boolean().default(true),
  /** Longest wait for the end of the job, in milliseconds. The job goes on after it. Default: 3,600,000 (an hour). */
  timeoutMs: z.number().positive().default(3_600_000),
  /** Called with each state of the job. */
  onProgress: functionOf<(progress: IngestProgress) => void>("a function").optional(),
  /** Cancels the job, and rejects with the reason of the signal. Inputs that the job has added stay. */
  signal: z.instanceof(AbortSignal, { error: "must be an AbortSignal" }).optional(),
};

/** The result of a pull, or of the upload of an archive. */
export interface IngestResult extends IngestProgress {
  /** Whether the job ended, added at least one input, and counts neither a failed input nor a failed archive. */
  ok: boolean;
}

/** Reads the fields that every input gets, and makes the id of the job. @throws {InputError} ERR_GEO, ERR_CONCEPT */
export function ingestFieldsOf(options: {
  concepts: readonly (string | Concept)[];
  metadata: JsonObject;
  geo?: { longitude: number; latitude: number } | undefined;
  datasets: readonly string[];
  conflict: "skip" | "suffix";
  jobId?: string | undefined;
}): IngestFields {
  const { metadata, datasets, conflict, geo, jobId = randomUUID().replaceAll("-", "") } = options;
  return {
    ...{ jobId, datasets, conflict, concepts: conceptsFrom(options.concepts) },
    metadata: checkedMetadata(metadata),
    ...(geo ? { geo: geoPointFrom(geo.longitude, geo.latitude) } : {}),
  };
}

/** Makes the result of a job from its last state. */
export function ingestResult(progress: IngestProgress): IngestResult {
  const { state, counts, failures } = progress;
  const isWhole = state === "done" && counts.pending + counts.inProgress + counts.failed === 0;
  return { ...progress, ok: isWhole && counts.succeeded > 0 && failures.length === 0 };
}

/** @throws {OptionsError} ERR_OPTIONS for values that JSON would change */
function checkedMetadata(metadata: JsonObject): JsonObject {
  try {
    return frozenJson(metadata, "metadata") as JsonObject;
  } catch (error) {
    if (error instanceof ShapeError) throw new OptionsError("ERR_OPTIONS", error.message);
    throw error;
  }
}
