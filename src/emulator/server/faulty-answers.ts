/** What faults do to requests and their answers. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import type { Reply } from "../routes/context.js";
import type { Json, JsonObject } from "../store/model.js";
import { type AnswerOptions, answer, answerText, fail } from "./answers.js";
import type { Fault } from "./faults.js";
import { isObject } from "./incoming.js";
import { drain } from "./requests.js";
import { httpStatusOf, Refusal, statusName } from "./status.js";

/** Faults that happen instead of the request. */
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
      answer(response, fail(new Refusal(11005, "too many requests"), list));
      return true;
    }
    if (fault.type === "status") {
      drain(request);
      answer(response, fail(new Refusal(fault.code, "injected", fault.http), list));
      return true;
    }
    if (fault.type === "cut" && fault.when !== "after") {
      if (fault.when === "during")
        await new Promise<void>((resolve) => request.once("data", () => resolve()).once("end", () => resolve()));
      request.socket.destroy();
      return true;
    }
  }
  return false;
}

/** Faults that happen after the request was carried out. */
export async function answerWithFaults(
  response: ServerResponse,
  reply: Reply,
  faults: readonly Fault[],
  idPrefix: string,
): Promise<void> {
  const options: AnswerOptions = { idPrefix };
  let { httpStatus } = reply;
  for (const fault of faults) {
    if (fault.type === "cut" && fault.when === "after") {
      response.socket?.destroy();
      return;
    }
    if (fault.type === "slow") await wait(fault.ms);
    if (fault.type === "slow-bytes") {
      const text = answerText(reply, options);
      response.writeHead(reply.httpStatus ?? httpStatusOf(reply.status?.code ?? 10000), {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(text),
      });
      return await dribble(response, Buffer.from(text), fault.ms);
    }
    if (fault.type === "garbage") {
      response.writeHead(200, { "content-type": "text/html" });
      response.end("<html>Bad gateway</html>");
      return;
    }
    if (fault.type === "truncated") {
      const text = answerText(reply, options);
      response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
      response.write(text.slice(0, text.length / 2));
      setImmediate(() => response.socket?.destroy());
      return;
    }
    if (fault.type === "odd-answer") {
      options.change = changeFor(fault.how);
      if (fault.how === "multi-status" && reply.status?.code === 10010) httpStatus = 207;
    }
  }
  answer(response, { ...reply, httpStatus }, options);
}

/** Sends the bytes of a medium, whose head is sent, in the way that faults say. */
export async function sendWithFaults(
  response: ServerResponse,
  body: Buffer | Readable,
  length: number,
  faults: readonly Fault[],
): Promise<void> {
  const breaks = faults.some((fault) => fault.type === "truncated" || fault.type === "cut");
  const ms = faults.find((fault) => fault.type === "slow-bytes")?.ms ?? 0;
  const half = Math.floor(length / 2);
  let sent = 0;
  for await (const bytes of (Buffer.isBuffer(body) ? [body] : body) as AsyncIterable<Buffer> | Buffer[]) {
    const part = breaks ? bytes.subarray(0, half - sent) : bytes;
    sent += part.length;
    if (ms > 0) for (const piece of inPieces(part)) await sendPiece(response, piece, (ms * piece.length) / length);
    else if (part.length > 0) await new Promise<void>((resolve) => response.write(part, () => resolve()));
    if (breaks && sent >= half) break;
    if (response.destroyed) return;
  }
  if (breaks) setImmediate(() => response.socket?.destroy());
  else response.end();
}

/** Pieces of an answer that comes slowly. */
const slowPieces = 8;

async function dribble(response: ServerResponse, bytes: Buffer, ms: number): Promise<void> {
  for (const piece of inPieces(bytes)) await sendPiece(response, piece, ms / slowPieces);
  response.end();
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

/** The counts that have 64 bits. */
const wideCounts = new Set(["pending_count", "in_progress_count", "success_count", "failed_count", "estimated_total"]);

/** The same answer in a form that the API's documentation leaves open. */
function changeFor(how: Extract<Fault, { type: "odd-answer" }>["how"]): AnswerOptions["change"] {
  switch (how) {
    case "other-order":
      return (json) => mapObject(json, (_, value) => (Array.isArray(value) ? value.toReversed() : value));
    case "counts-as-text":
      return (json) => changed(json, (key, value) => (wideCounts.has(key) ? String(value) : value));
    case "codes-as-names":
      return (json) => changed(json, (key, value) => (key === "code" ? (statusName(Number(value)) ?? value) : value));
    case "multi-status":
      return undefined;
  }
}

/** JSON with its plain values replaced; what is free-form stays as it is. */
function changed(json: JsonObject, replace: (key: string, value: Json) => Json): JsonObject {
  return mapObject(json, (key, value) => {
    if (key === "metadata" || key === "annotation_info") return value;
    if (Array.isArray(value)) return value.map((item) => (isObject(item) ? changed(item, replace) : item));
    return isObject(value) ? changed(value, replace) : replace(key, value);
  });
}

function mapObject(json: JsonObject, change: (key: string, value: Json) => Json): JsonObject {
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, change(key, value)]));
}
