/** The contract of routes, and helpers that several routes use. */

import { limits } from "../../clarifai/limits.js";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { isObject, type Json, type JsonObject } from "../../core/util/json/json-values.js";
import type { DatasetExports } from "../export/dataset-exports.js";
import type { UploadFiles } from "../ingest/upload-files.js";
import type { MediaFiles } from "../media/media-files.js";
import type { Processing } from "../media/processing.js";
import type { Faults } from "../server/faults.js";
import type { AppRow, InputRow } from "../store/model.js";
import type { Store } from "../store/store.js";
import type { MediaLookup } from "../wire/incoming-input.js";
import { objectIn } from "../wire/lenient-json.js";
import type { OutgoingContext } from "../wire/outgoing.js";
import { invalidRequest, Refusal } from "../wire/refusals.js";
import { type Status, status } from "../wire/status.js";
import type { BulkQueue } from "./bulk/operation-rows.js";

/** The parts of the emulator that routes use. */
export interface Services {
  store: Store;
  files: MediaFiles;
  processing: Processing;
  exports: DatasetExports;
  /** Time until a new dataset version is ready, in milliseconds. */
  processingDelayMs: number;
  /** Carries bulk operations out. */
  bulkWork: BulkQueue;
  /** Unpacks archives. */
  extractions: { wake(): void };
  /** Files of uploads in parts. */
  uploads: UploadFiles;
  /** Time until an upload in parts that is not complete expires, in milliseconds. */
  uploadExpiryMs: number;
  faults: Faults;
  autoCreate: boolean;
  overwriteReading: "new" | "old";
  /** Ignores unknown fields and parameters instead of refusing them. */
  lenient: boolean;
  /** Refuses annotations of inputs that are not processed yet. */
  strict: boolean;
  /** Deletes inputs after the delay, and the media that no other input uses. */
  removeLater: (app: AppRow, ids: readonly string[] | "all") => void;
  /** Deletes an input before the answer. */
  removeNow: (row: InputRow) => void;
}

/** One request to one app. */
export interface Call {
  services: Services;
  /** Address of the server under the name that the client uses. */
  base: string;
  app: AppRow;
  /** The decoded parts of the path that `*` stands for. */
  parts: readonly string[];
  /** Parameters of the address. */
  parameters: JsonObject;
  body: JsonObject;
  /** Stored media of the body, by their placeholders in the JSON. */
  media: MediaLookup;
  bodyBytes: number;
  /** A fault that refuses a share of the inputs with this code. */
  mixed: { share: number; code: number } | undefined;
}

/** Makes the call under which the emulator changes an app by itself. */
export function backgroundCall(services: Services, app: AppRow, media: MediaLookup = () => undefined): Call {
  return { services, app, media, base: "", parts: [], parameters: {}, body: {}, bodyBytes: 0, mixed: undefined };
}

export interface Reply {
  status?: Status;
  json?: JsonObject;
  /** Default: the HTTP status of the code. */
  httpStatus?: number | undefined;
}

export type Route = (call: Call) => Reply | Promise<Reply>;

/** The result of one item of a request. */
export interface ItemResult {
  failed: boolean;
  json: JsonObject;
}

/** Returns what answers need to know of the app. */
export function outgoing({ services, app, base }: Call): OutgoingContext {
  return { app, base, names: services.store.names(app.seq) };
}

/** Returns offset and size of a page. @throws {Refusal} 11102 */
export function pageOf(parameters: Json | undefined, defaultSize = 128): { offset: number; size: number } {
  const { page = 1, per_page: size = defaultSize } = objectIn(parameters) as Record<string, number>;
  if (size < 1 || size > limits.maxPerPage) {
    throw invalidRequest(`per_page must be between 1 and ${limits.maxPerPage}, not ${size}`);
  }
  if (page < 1) throw invalidRequest(`page must be 1 or more, not ${page}`);
  return { offset: (page - 1) * size, size };
}

/** Returns the objects of a list in the body. @throws {Refusal} 11102, 39999 */
export function objectsOf(
  value: Json | undefined,
  name: string,
  maxItems: number = limits.maxInputsPerRequest,
): JsonObject[] {
  const list = Array.isArray(value) ? value.filter(isObject) : [];
  if (list.length === 0) throw invalidRequest(`${name} is empty`);
  if (list.length > maxItems)
    throw new Refusal(statusCodes.INPUT_INVALID_REQUEST, `${name} has ${list.length} items; the limit is ${maxItems}`);
  return list;
}

/** Returns the status of a request whose items have their own statuses. */
export function overallStatus(items: readonly Pick<ItemResult, "failed">[], what: string): Status {
  const failed = items.filter((item) => item.failed).length;
  if (failed === 0) return status(statusCodes.SUCCESS);
  const details = `${failed} of ${items.length} ${what} failed`;
  return status(failed === items.length ? statusCodes.FAILURE : statusCodes.MIXED_STATUS, details);
}
