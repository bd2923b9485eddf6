/** Types of the arguments and results of an app's calls. */

import type { Concept, GeoPoint, Json } from "../../core/input/input.js";
import type { WireStatus } from "../wire/status.js";

/** How a patch combines with the stored data. */
export type PatchAction = "merge" | "overwrite" | "remove";

/** Order of a listing: by the time of adding, oldest or newest first, or by id. */
export type StreamOrder = "oldest" | "newest" | "id";

/** The result of one item of a request. */
export interface ItemStatus {
  id: string;
  status: WireStatus;
  /** Data of the item after the request, if the answer has it. */
  data?: Record<string, unknown> | undefined;
}

/** The patch of one input. */
export interface InputPatch {
  id: string;
  concepts?: readonly Concept[] | undefined;
  metadata?: { readonly [key: string]: Json } | undefined;
  geo?: GeoPoint | undefined;
  /** Data in the form of the API. Replaces the other fields of the patch. */
  data?: { readonly [key: string]: Json } | undefined;
}

/** The processing of the inputs that were added under one job: its status, and the number of inputs by state. */
export interface AddJob {
  id: string;
  status: WireStatus | undefined;
  pending: number;
  inProgress: number;
  succeeded: number;
  failed: number;
}

/** Whose annotations a listing has. An annotation of any of the named authors passes. */
export interface AnnotationFilters {
  userIds?: readonly string[] | undefined;
  modelVersionIds?: readonly string[] | undefined;
  workflowVersionIds?: readonly string[] | undefined;
  /** Also annotations that are not trusted, such as those of models. */
  all?: boolean | undefined;
  /** Only annotations of this task. */
  taskId?: string | undefined;
}

/** The number of inputs in an app, by state. */
export interface InputCounts {
  processed: number;
  toProcess: number;
  errors: number;
  processing: number;
}

/** A named set of inputs of an app. */
export interface Dataset {
  id: string;
  description?: string | undefined;
}

/** Options of a listing that has pages. */
export interface PageOptions {
  /** Number of the page, from 1. Default: 1. */
  page?: number | undefined;
  /** Items per page, 1 to 1000. Default: that of the server, 128. */
  perPage?: number | undefined;
  signal?: AbortSignal | undefined;
}
