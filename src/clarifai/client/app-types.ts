/** Arguments and results of the calls of an app. */

import type { Concept, GeoPoint, Json } from "../../core/input/input.js";
import type { WireStatus } from "../wire/status.js";

/** How a patch combines with the stored data. */
export type PatchAction = "merge" | "overwrite" | "remove";

/** The result of one item of a request. */
export interface ItemStatus {
  id: string;
  status: WireStatus;
  /** Its data after the request, if the answer has them. */
  data?: Record<string, unknown> | undefined;
}

/** The patch of one input. */
export interface InputPatch {
  id: string;
  concepts?: readonly Concept[] | undefined;
  metadata?: { readonly [key: string]: Json } | undefined;
  geo?: GeoPoint | undefined;
  /** Fields in the API's own form, instead of the others. */
  data?: { readonly [key: string]: Json } | undefined;
}

/** The progress of processing the inputs that were added under one job. */
export interface AddJob {
  id: string;
  status: WireStatus | undefined;
  pending: number;
  inProgress: number;
  succeeded: number;
  failed: number;
}

/** The number of inputs of an app, by state. */
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

export interface PageOptions {
  /** Page, from 1. */
  page?: number | undefined;
  /** Items on a page, 1 to 1000. Default: the server's, 128. */
  perPage?: number | undefined;
  signal?: AbortSignal | undefined;
}
