/** What the routes share. */

import { limits } from "../../clarifai/limits.js";
import type { MediaFiles, StoredMedia } from "../media/media-files.js";
import type { Processing } from "../media/processing.js";
import type { Faults } from "../server/faults.js";
import { isObject } from "../server/incoming.js";
import type { OutgoingContext } from "../server/outgoing.js";
import { Refusal, type Status, status } from "../server/status.js";
import type { AppRow, InputRow, Json, JsonObject } from "../store/model.js";
import type { Store } from "../store/store.js";

/** The server's parts, as routes use them. */
export interface Services {
  store: Store;
  files: MediaFiles;
  processing: Processing;
  faults: Faults;
  autoCreate: boolean;
  deleteDelayMs: number;
  overwriteReading: "new" | "old";
  /** Ignores fields and parameters that are not known, instead of refusing them. */
  lenient: boolean;
  /** Refuses annotations of inputs that are not processed. */
  strict: boolean;
  /** Deletes inputs soon, and the media that nothing uses any more. */
  removeLater: (app: AppRow, ids: readonly string[] | "all") => void;
  /** Deletes an input at once. */
  removeNow: (row: InputRow) => void;
}

/** One request to one app. */
export interface Call {
  services: Services;
  /** Address of the server, as the client knows it. */
  base: string;
  app: AppRow;
  /** What the path pattern captured. */
  parts: readonly string[];
  /** Parameters of the address. */
  parameters: JsonObject;
  body: JsonObject;
  /** Media of the body by the text that stands for it. */
  media: (placeholder: string) => StoredMedia | undefined;
  bodyBytes: number;
  /** Share of the inputs to refuse, and with what, when a fault says so. */
  mixed: { share: number; code: number } | undefined;
}

export interface Reply {
  status?: Status;
  json?: JsonObject;
  /** Default: the one that goes with the status. */
  httpStatus?: number | undefined;
}

export type Route = (call: Call) => Reply | Promise<Reply>;

export function outgoing({ services, app, base }: Call): OutgoingContext {
  return { app, base, names: services.store.names(app.seq) };
}

/** Page and size of a listing. */
export function pageOf(given: Json | undefined, defaultSize = 128): { offset: number; size: number } {
  const { page = 1, per_page: size = defaultSize } = (isObject(given) ? given : {}) as Record<string, number>;
  if (size < 1 || size > limits.maxPerPage) {
    throw new Refusal(11102, `per_page must be between 1 and ${limits.maxPerPage}, not ${size}`);
  }
  if (page < 1) throw new Refusal(11102, `page must be 1 or more, not ${page}`);
  return { offset: (page - 1) * size, size };
}

/** A pattern of SQL's LIKE, with "\\" before its own signs, for texts that contain the given one. */
export function containing(text: Json | undefined): string {
  return `%${likePattern(String(text ?? ""))}%`;
}

/** A text with SQL's own signs taken as they are; `*` stands for anything. */
export function likePattern(text: string, wildcard = false): string {
  const escaped = text.replace(/[\\%_]/g, "\\$&");
  return wildcard ? escaped.replaceAll("*", "%") : escaped;
}

/** The texts of a list of parameters or of the body that are not empty. */
export function textsOf(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.map(String).filter((text) => text !== "") : [];
}

/** The objects of a list in the body. */
export function objectsOf(value: Json | undefined, name: string, most = 128): JsonObject[] {
  const list = Array.isArray(value) ? value.filter(isObject) : [];
  if (list.length === 0) throw new Refusal(11102, `${name} is empty`);
  if (list.length > most) throw new Refusal(39999, `${name} has ${list.length} items; the limit is ${most}`);
  return list;
}

/** The status of a request whose items have statuses of their own. */
export function overall(items: readonly { failed: boolean }[], what: string): Status {
  const failed = items.filter((item) => item.failed).length;
  if (failed === 0) return status(10000);
  const details = `${failed} of ${items.length} ${what} failed`;
  return status(failed === items.length ? 10020 : 10010, details);
}
