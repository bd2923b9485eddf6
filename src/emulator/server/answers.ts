/** Answers: the envelope of the API around what a route gives back. */

import type { ServerResponse } from "node:http";
import type { Reply } from "../routes/context.js";
import { diskFullText, isDiskFull, storageFull } from "../store/disk-full.js";
import type { JsonObject } from "../store/model.js";
import { newId } from "../store/store.js";
import { ItemRefusal } from "./incoming.js";
import { httpStatusOf, Refusal, status } from "./status.js";

/** A refusal; the list that the answer would have had is there and empty. */
export function fail(error: unknown, list?: string): Reply {
  const json = list === undefined ? {} : { [list]: [] };
  if (error instanceof ItemRefusal) return { status: error.status, json };
  if (error instanceof Refusal)
    return { status: status(error.code, error.details), json, httpStatus: error.httpStatus };
  if (isDiskFull(error)) {
    return { status: status(storageFull.code, diskFullText(error)), json, httpStatus: storageFull.httpStatus };
  }
  const text = error instanceof Error ? error.message : String(error);
  return { status: status(99009, text), json };
}

export interface AnswerOptions {
  /** Put before the request id. */
  idPrefix?: string | undefined;
  /** Changes what is sent. */
  change?: ((json: JsonObject) => JsonObject) | undefined;
}

/** Sends an answer, unless the connection is gone. */
export function answer(response: ServerResponse, reply: Reply, options: AnswerOptions = {}): void {
  if (response.destroyed || response.headersSent) return;
  const text = answerText(reply, options);
  response.writeHead(reply.httpStatus ?? httpStatusOf(reply.status?.code ?? 10000), {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

/** The JSON of an answer; every one has an id of its own. */
export function answerText({ status: given, json }: Reply, { idPrefix = "", change }: AnswerOptions = {}): string {
  const { code, description, details } = given ?? status(10000);
  const envelope: JsonObject = {
    status: { code, description, ...(details ? { details } : {}), req_id: `${idPrefix}${newId()}` },
    ...json,
  };
  return JSON.stringify(change ? change(envelope) : envelope);
}
