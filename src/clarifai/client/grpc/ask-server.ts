/** Asks a server whether it speaks gRPC. */

import { describeError } from "../../../core/errors.js";
import { withDeadline } from "../../../core/net/deadline.js";
import { statusText } from "../../wire/status.js";
import { statusCodes } from "../../wire/status-codes.js";
import type { ReplayableBody } from "../call.js";
import type { GrpcConnection, GrpcReply, RpcBody } from "./grpc-connection.js";

/** A server that does not answer within this time does not speak gRPC. */
const longestWaitMs = 10_000;

/** Sends the question once. Returns undefined if the server speaks gRPC, else the reason. Throws what the connection throws, and at the deadline. */
export async function askServer(
  grpc: GrpcConnection,
  question: ReplayableBody,
  { timeoutMs = longestWaitMs, signal }: { timeoutMs?: number | undefined; signal?: AbortSignal | undefined },
): Promise<string | undefined> {
  const deadlineMs = Math.min(longestWaitMs, timeoutMs);
  const late = () => new Error(`no answer within ${deadlineMs} ms`);
  const reply = await withDeadline({ deadlineMs, signal, late }, (cut) => grpc.send(question as RpcBody, cut));
  signal?.throwIfAborted();
  return whyNotGrpc(reply, grpc.address);
}

/** Returns why the server at an address does not speak gRPC; undefined if it does. */
function whyNotGrpc({ isGrpc, status, lost }: GrpcReply, address: string): string | undefined {
  if (isGrpc && status?.code !== statusCodes.NOT_IMPLEMENTED) return undefined;
  if (status) return `${address} does not have the service (${statusText(status)})`;
  return `${address} ${lost === undefined ? "answers, but not as gRPC does" : `cannot be reached: ${describeError(lost)}`}`;
}
