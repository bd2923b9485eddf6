/** Applies faults to requests and to their answers. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { isObject, type Json, type JsonObject } from "../../core/util/json/json-values.js";
import type { Reply } from "../routes/context.js";
import { Refusal } from "../wire/refusals.js";
import { httpStatusOf, statusName } from "../wire/status.js";
import { type AnswerOptions, answer, answerText, fail, writeHead } from "./answers.js";
import { drain } from "./body.js";
import type { Fault } from "./faults.js";

/** An answer that is sent slowly is sent in this number of pieces. */
export const slowPieces = 8;
/** Fields that are 64-bit counts. */
const wideCounts = new Set(["pending_count", "in_progress_count", "success_count", "failed_count", "estimated_total"]);

/** Applies the faults that replace the request; false if none of the faults does. */
export async function refuseByFault(
  request: IncomingMessage,
  response: ServerResponse,
  faults: readonly Fault[],
  list: string | undefined,
): Promise<boolean> {
  for (const fault of faults) {
    if (fault.type === "throttle") {
      drain(request);
      const seconds = fault.retryAfterSeconds;
      if (seconds !== undefined) response.setHeader("retry-after", String(seconds));
      answer(response, fail(new Refusal(statusCodes.CONN_THROTTLED, "too many requests"), list));
      return true;
    }
    if (fault.type === "status") {
      drain(request);
      answer(response, fail(new Refusal(fault.code, "injected", fault.http), list));
      return true;
    }
    if (fault.type === "cut" && fault.when !== "after") {
      if (fault.when === "during") await firstBytes(request);
      request.socket.destroy();
      return true;
    }
  }
  return false;
}

function firstBytes(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => request.once("data", () => resolve()).once("end", () => resolve()));
}

/** Sends the answer of a request that was carried out, with the faults that change answers. */
export async function answerWithFaults(
  response: ServerResponse,
  reply: Reply,
  faults: readonly Fault[],
  idPrefix: string,
): Promise<void> {
  const options: AnswerOptions = { idPrefix };
  let { httpStatus } = reply;
  for (const fault of faults) {
    if (fault.type === "slow") await wait(fault.ms);
    if (fault.type === "odd-answer") {
      options.change = changeFor(fault.how);
      if (fault.how === "multi-status" && reply.status?.code === statusCodes.MIXED_STATUS) httpStatus = 207;
    }
    if (await spoilAnswer(response, fault, reply, options)) return;
  }
  answer(response, { ...reply, httpStatus }, options);
}

/** Applies a fault that replaces the answer; false if the fault does not. */
async function spoilAnswer(
  response: ServerResponse,
  fault: Fault,
  reply: Reply,
  options: AnswerOptions,
): Promise<boolean> {
  if (fault.type === "cut" && fault.when === "after") {
    response.socket?.destroy();
    return true;
  }
  if (fault.type === "slow-bytes") {
    const text = answerText(reply, options);
    writeHead(response, text, reply.httpStatus ?? httpStatusOf(reply.status?.code ?? statusCodes.SUCCESS));
    const bytes = Buffer.from(text);
    for (const piece of inPieces(bytes)) await sendPiece(response, piece, fault.ms / slowPieces);
    response.end();
    return true;
  }
  if (fault.type === "garbage") {
    response.writeHead(200, { "content-type": "text/html" });
    response.end("<html>Bad gateway</html>");
    return true;
  }
  if (fault.type === "truncated") {
    const text = answerText(reply, options);
    writeHead(response, text, 200);
    response.write(text.slice(0, text.length / 2));
    setImmediate(() => response.socket?.destroy());
    return true;
  }
  return false;
}

/** Sends the bytes of a medium with the faults that change answers. The head was sent before. */
export async function sendWithFaults(
  response: ServerResponse,
  body: Buffer | Readable,
  length: number,
  faults: readonly Fault[],
): Promise<void> {
  const isCut = faults.some((fault) => fault.type === "truncated" || fault.type === "cut");
  const ms = faults.find((fault) => fault.type === "slow-bytes")?.ms ?? 0;
  const half = Math.floor(length / 2);
  let sent = 0;
  for await (const bytes of (Buffer.isBuffer(body) ? [body] : body) as AsyncIterable<Buffer> | Buffer[]) {
    const part = isCut ? bytes.subarray(0, half - sent) : bytes;
    sent += part.length;
    if (ms > 0) for (const piece of inPieces(part)) await sendPiece(response, piece, (ms * piece.length) / length);
    else if (part.length > 0) await new Promise<void>((resolve) => response.write(part, () => resolve()));
    if (isCut && sent >= half) break;
    if (response.destroyed) return;
  }
  if (isCut) setImmediate(() => response.socket?.destroy());
  else response.end();
}

function inPieces(bytes: Buffer): Buffer[] {
  const size = Math.max(1, Math.ceil(bytes.length / slowPieces));
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size));
}

async function sendPiece(response: ServerResponse, piece: Buffer, ms: number): Promise<void> {
  if (response.destroyed) return;
  response.write(piece);
  await wait(ms);
}

/** Returns the change that gives an answer a valid but unusual form. */
export function changeFor(how: Extract<Fault, { type: "odd-answer" }>["how"]): AnswerOptions["change"] {
  switch (how) {
    case "other-order":
      return (json) => mapObject(json, (_, value) => (Array.isArray(value) ? value.toReversed() : value));
    case "counts-as-text":
      return (json) => mapScalars(json, (key, value) => (wideCounts.has(key) ? String(value) : value));
    case "codes-as-names":
      return (json) =>
        mapScalars(json, (key, value) => (key === "code" ? (statusName(Number(value)) ?? value) : value));
    case "multi-status":
      return undefined;
  }
}

/** Replaces the scalars of an answer. Metadata and annotation info are free-form, so they stay unchanged. */
function mapScalars(json: JsonObject, replace: (key: string, value: Json) => Json): JsonObject {
  return mapObject(json, (key, value) => {
    if (key === "metadata" || key === "annotation_info") return value;
    if (Array.isArray(value)) return value.map((item) => (isObject(item) ? mapScalars(item, replace) : item));
    return isObject(value) ? mapScalars(value, replace) : replace(key, value);
  });
}

function mapObject(json: JsonObject, change: (key: string, value: Json) => Json): JsonObject {
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, change(key, value)]));
}
