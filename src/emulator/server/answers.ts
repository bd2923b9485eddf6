/** Answers: puts the reply of a route into the envelope of the API. */

import type { ServerResponse } from "node:http";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import type { JsonObject } from "../../core/util/json/json-values.js";
import type { Reply } from "../routes/context.js";
import { diskFullText, isDiskFull, storageFull } from "../store/disk-full.js";
import { newId } from "../store/store.js";
import { ItemRefusal, Refusal } from "../wire/refusals.js";
import { httpStatusOf, status } from "../wire/status.js";

/** Turns an error into an answer. @param list the list that every answer of this route has; here it is empty. */
export function fail(error: unknown, list?: string): Reply {
  const json = list === undefined ? {} : { [list]: [] };
  if (error instanceof ItemRefusal) return { status: error.status, json };
  if (error instanceof Refusal) {
    return { status: status(error.code, error.details), json, httpStatus: error.httpStatus };
  }
  if (isDiskFull(error)) {
    return { status: status(storageFull.code, diskFullText(error)), json, httpStatus: storageFull.httpStatus };
  }
  const text = error instanceof Error ? error.message : String(error);
  return { status: status(statusCodes.INTERNAL_UNCATEGORIZED, text), json };
}

export interface AnswerOptions {
  /** Prefix of the request id. */
  idPrefix?: string | undefined;
  /** Changes the JSON before it is sent. */
  change?: ((json: JsonObject) => JsonObject) | undefined;
}

/** Sends an answer, unless the connection is closed. */
export function answer(response: ServerResponse, reply: Reply, options: AnswerOptions = {}): void {
  if (response.destroyed || response.headersSent) return;
  const text = answerText(reply, options);
  writeHead(response, text, reply.httpStatus ?? httpStatusOf(reply.status?.code ?? statusCodes.SUCCESS));
  response.end(text);
}

/** Writes the head of an answer in JSON. */
export function writeHead(response: ServerResponse, text: string, httpStatus: number): void {
  response.writeHead(httpStatus, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
}

/** Returns the JSON of an answer as text. */
export function answerText(reply: Reply, options: AnswerOptions = {}): string {
  return JSON.stringify(envelopeOf(reply, options));
}

/** Returns the JSON of an answer. Each answer has its own request id. */
export function envelopeOf(reply: Reply, { idPrefix = "", change }: AnswerOptions = {}): JsonObject {
  const { code, description, details } = reply.status ?? status(statusCodes.SUCCESS);
  const envelope: JsonObject = {
    status: { code, description, ...(details ? { details } : {}), req_id: `${idPrefix}${newId()}` },
    ...reply.json,
  };
  return change ? change(envelope) : envelope;
}
