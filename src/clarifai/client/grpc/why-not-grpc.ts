/** Reads the answer to the question whether a server speaks gRPC. */

import { describeError } from "../../../core/errors.js";
import { statusText } from "../../wire/status.js";
import { statusCodes } from "../../wire/status-codes.js";
import type { GrpcReply } from "./grpc-connection.js";

/** Returns why the server at an address does not speak gRPC; undefined if it does. */
export function whyNotGrpc({ isGrpc, status, lost }: GrpcReply, address: string): string | undefined {
  if (isGrpc && status?.code !== statusCodes.NOT_IMPLEMENTED) return undefined;
  if (status) return `${address} does not have the service (${statusText(status)})`;
  return `${address} ${lost === undefined ? "answers, but not as gRPC does" : `cannot be reached: ${describeError(lost)}`}`;
}
