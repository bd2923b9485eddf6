/** Applies faults to calls and to their answers. */

import { constants, type ServerHttp2Stream } from "node:http2";
import { setTimeout as wait } from "node:timers/promises";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import type { Fault } from "../server/faults.js";
import { slowPieces } from "../server/faulty-answers.js";
import { Refusal } from "../wire/refusals.js";
import { type AnswerOptions, frameOf, sendAnswer, sendError, startAnswer } from "./answers.js";
import type { Connections } from "./connections.js";
import { GrpcError } from "./grpc-error.js";

/**
 * Applies the faults that replace the call; false if none of the faults does.
 *
 * @throws {Refusal} by the faults "throttle" and "status"
 */
export async function refuseByFault(
  stream: ServerHttp2Stream,
  faults: readonly Fault[],
  connections: Connections,
): Promise<boolean> {
  for (const fault of faults) {
    switch (fault.type) {
      case "throttle":
        throw new Refusal(statusCodes.CONN_THROTTLED, "too many requests");
      case "status":
        throw new Refusal(fault.code, "injected", fault.http);
      case "grpc-status":
        sendError(stream, new GrpcError(fault.code, fault.details ?? "injected"));
        return true;
      case "refused-stream":
        reset(stream, constants.NGHTTP2_REFUSED_STREAM);
        return true;
      case "closed-window":
        return true;
      case "reset":
        if (fault.afterBytes === undefined) break;
        await firstBytes(stream, fault.afterBytes);
        reset(stream, constants.NGHTTP2_INTERNAL_ERROR);
        return true;
      case "cut":
        if (fault.when === "after") break;
        if (fault.when === "during") await firstBytes(stream, 1);
        connections.cut(stream.session);
        return true;
      case "goaway":
        if (fault.when === "after") break;
        if (fault.when === "during") await closeWithError(stream);
        else leaveWithout(stream, connections);
        return true;
    }
  }
  return false;
}

/** Sends the answer of a call that was carried out, with the faults that change answers. */
export async function answerWithFaults(
  stream: ServerHttp2Stream,
  bytes: Uint8Array,
  faults: readonly Fault[],
  { connections, ...options }: AnswerOptions & { connections: Connections },
): Promise<void> {
  for (const fault of faults) {
    if (fault.type === "slow") await wait(fault.ms);
    if (fault.type === "goaway") connections.leave(stream.session);
    if (await spoilAnswer(stream, bytes, fault, { connections, ...options })) return;
  }
  await sendAnswer(stream, bytes, options);
}

/** Applies a fault that replaces the answer; false if the fault does not. */
async function spoilAnswer(
  stream: ServerHttp2Stream,
  bytes: Uint8Array,
  fault: Fault,
  { connections, ...options }: AnswerOptions & { connections: Connections },
): Promise<boolean> {
  switch (fault.type) {
    case "cut":
      connections.cut(stream.session);
      return true;
    case "reset":
      reset(stream, constants.NGHTTP2_INTERNAL_ERROR);
      return true;
    case "no-trailers":
      await sendAnswer(stream, bytes, { ...options, withoutTrailers: true });
      return true;
    case "garbage":
      if (stream.closed || stream.destroyed) return true;
      stream.respond({ ":status": 200, "content-type": "text/html" });
      stream.end("<html>Bad gateway</html>");
      return true;
    case "truncated":
      if (!startAnswer(stream, options)) return true;
      stream.write(frameOf(bytes).subarray(0, (bytes.length + 5) / 2));
      setImmediate(() => connections.cut(stream.session));
      return true;
    case "slow-bytes":
      if (startAnswer(stream, options)) await sendSlowly(stream, frameOf(bytes), fault.ms);
      return true;
    default:
      return false;
  }
}

async function sendSlowly(stream: ServerHttp2Stream, frame: Buffer, ms: number): Promise<void> {
  const size = Math.ceil(frame.length / slowPieces);
  for (let at = 0; at < frame.length && !stream.destroyed; at += size) {
    stream.write(frame.subarray(at, at + size));
    await wait(ms / slowPieces);
  }
  if (!stream.destroyed) stream.end();
}

/** Resolves when this number of bytes of the call has arrived, or all of it. */
function firstBytes(stream: ServerHttp2Stream, count: number): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0;
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes >= count) resolve();
    });
    stream.once("end", resolve).once("close", resolve);
  });
}

/** Closes the connection in the middle of the call, with an error. All its calls end. */
async function closeWithError(stream: ServerHttp2Stream): Promise<void> {
  await firstBytes(stream, 1);
  stream.session?.goaway(constants.NGHTTP2_INTERNAL_ERROR);
  stream.session?.destroy();
}

/** Closes the connection before the call, which is not carried out. Earlier calls of the connection end as usual. */
function leaveWithout(stream: ServerHttp2Stream, connections: Connections): void {
  const { session, id = 0 } = stream;
  // The identifiers of a client are odd numbers. With 0, Node would send the newest one.
  if (id > 2) session?.goaway(constants.NGHTTP2_NO_ERROR, id - 2);
  reset(stream, constants.NGHTTP2_REFUSED_STREAM);
  connections.leave(session);
}

/** Resets a stream. */
export function reset(stream: ServerHttp2Stream, code: number): void {
  if (stream.destroyed) return;
  stream.resume(); // Bytes that nobody reads would keep the stream open.
  stream.close(code);
}
