/** Types of the arguments and results of an app's calls. */

import type { Concept, GeoPoint, Json, Kind } from "../../core/input/input.js";
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
  /** Jobs that unpack archives for it. */
  extractions: readonly ExtractionJob[];
  /** Archives that are uploaded in parts for it. */
  uploads: readonly PartUpload[];
}

/** A job that unpacks archives: its status, the inputs that it found by kind, and its archives by state. */
export interface ExtractionJob {
  id: string;
  status: WireStatus | undefined;
  /** URL of the archive or the bucket, if the server fetched it. */
  url?: string | undefined;
  inputs: Readonly<Record<Kind, number>>;
  archives: Readonly<{ pending: number; inProgress: number; completed: number; failed: number }>;
}

/** An upload in parts. */
export interface PartUpload {
  id: string;
  status: WireStatus | undefined;
  /** Name of the file. */
  name?: string | undefined;
  sizeBytes: number;
  /** When the server deletes it, if it is not complete by then (RFC 3339). */
  expiresAt?: string | undefined;
}

/** What all inputs of an archive or a bucket get, and what happens to those whose id exists. */
export interface IngestFields {
  /** Id of the new job that counts the inputs. */
  jobId: string;
  concepts?: readonly Concept[] | undefined;
  metadata?: { readonly [key: string]: Json } | undefined;
  geo?: GeoPoint | undefined;
  datasets?: readonly string[] | undefined;
  /** "skip": the job counts an input whose id exists as failed. "suffix": the server gives it another id. Default: "skip". */
  conflict?: "skip" | "suffix" | undefined;
}

/** The credentials of a bucket, for one of its three kinds. */
export type BucketCredentials =
  | { s3: { region?: string | undefined; id: string; secret: string; token?: string | undefined } }
  | { gcp: { serviceAccountJson: string } }
  | { azure: { accountName: string; accountKey: string } };

/** A bucket, a part of one, or an archive, which the server reads by itself. */
export interface DataSource extends IngestFields {
  /** `s3://bucket/photos/` and the like: every object whose address begins so; or the address of an archive. */
  url: string;
  credentials?: BucketCredentials | undefined;
}

/** The inputs of a bulk operation: by ids, of a dataset, or those that match filters in the form of the API's searches. */
export type BulkInputs =
  | { ids: readonly string[] }
  | { dataset: string }
  | { filters: readonly { readonly [key: string]: Json }[] };

/** What a bulk operation does to each input; one of these. */
export type BulkChange =
  | { addConcepts: readonly (string | Concept)[] }
  /** Deletes the concepts from all annotations of the inputs that the caller made. */
  | { deleteConcepts: readonly string[] }
  /** Sets these keys of the metadata; other keys stay. */
  | { addMetadata: { readonly [key: string]: Json } }
  /** Deletes the keys whose stored value is the same. */
  | { deleteMetadata: { readonly [key: string]: Json } }
  | { setGeo: GeoPoint }
  | { deleteGeo: true }
  | { addToDataset: string }
  | { removeFromDataset: string }
  /** Splits the inputs at random: percentages by dataset. */
  | { splitIntoDatasets: { readonly [dataset: string]: number } };

/** A bulk operation on the server. */
export interface BulkOperation {
  id: string;
  status: WireStatus | undefined;
  /** Inputs that it is through with. */
  processed: number;
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

/** A dataset at one moment. */
export interface DatasetVersion {
  id: string;
  description?: string | undefined;
  metadata?: { readonly [key: string]: Json } | undefined;
  /** 64015: ready; 64005 and 64010: being processed. */
  status: WireStatus | undefined;
  createdAt?: string | undefined;
}

/** A dataset version that is to be made. */
export interface NewDatasetVersion {
  /** Default: a random id. */
  id?: string | undefined;
  description?: string | undefined;
  metadata?: { readonly [key: string]: Json } | undefined;
  /** Longest wait until the version is ready, in milliseconds. Default: 600,000 (10 minutes). */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Counts of one group of a dataset version. */
export interface DatasetMetrics {
  /** What the group has in common: 2 or "INPUT_TYPE", 10 or "CONCEPT_ID", …; undefined for the whole dataset. */
  type?: string | number | undefined;
  /** The kind of input, the concept, …; "total" for the whole dataset. */
  value: Json;
  /** Counts by the names of the API, such as `inputs_count` and `bounding_boxes_count`. */
  counts: Readonly<Record<string, number>>;
}

/** Formats of exports. */
export type DatasetExportFormat = "clarifai_data_json" | "clarifai_data_protobuf" | "coco";

/** The state of an export of a dataset version. */
export interface DatasetExport {
  format: DatasetExportFormat;
  /** 64200: complete; 64201 and 64203: being made. */
  status: WireStatus | undefined;
  /** Address of the archive, when it is complete. */
  url?: string | undefined;
  sizeBytes?: number | undefined;
}

/** Options of a listing that has pages. */
export interface PageOptions {
  /** Number of the page, from 1. Default: 1. */
  page?: number | undefined;
  /** Items per page, 1 to 1000. Default: that of the server, 128. */
  perPage?: number | undefined;
  signal?: AbortSignal | undefined;
}
