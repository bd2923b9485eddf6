/** What faults do to requests and their answers. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { type AnswerOptions, answer, answerText, fail } from "./answers.js";
import type { Fault } from "./faults.js";
import { isObject } from "./incoming.js";
import type { Json, JsonObject } from "./model.js";
import { drain } from "./requests.js";
import type { Reply } from "./routes/context.js";
import { Refusal, statusName } from "./status.js";

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
    if (fault.type === "slow") await new Promise<void>((resolve) => setTimeout(resolve, fault.ms));
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
