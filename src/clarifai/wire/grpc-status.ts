/** Statuses of gRPC: what they mean in terms of the API's own status codes. */

import type { WireStatus } from "./status.js";
import { statusCodes } from "./status-codes.js";

/** Names of the status codes of gRPC, by their numbers. */
const names = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];
export type GrpcStatusName = (typeof names)[number];

/** The status of the API with the same meaning. Every other status of gRPC is a failure inside the platform, whose outcome is unknown. */
const meanings: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: statusCodes.CONN_INVALID_REQUEST,
  FAILED_PRECONDITION: statusCodes.CONN_INVALID_REQUEST,
  OUT_OF_RANGE: statusCodes.CONN_INVALID_REQUEST,
  DEADLINE_EXCEEDED: statusCodes.RPC_REQUEST_TIMEOUT,
  NOT_FOUND: statusCodes.CONN_DOES_NOT_EXIST,
  PERMISSION_DENIED: statusCodes.CONN_INSUFFICIENT_SCOPES,
  RESOURCE_EXHAUSTED: statusCodes.CONN_THROTTLED,
  UNIMPLEMENTED: statusCodes.NOT_IMPLEMENTED,
  UNAVAILABLE: statusCodes.RPC_SERVER_UNAVAILABLE,
  UNAUTHENTICATED: statusCodes.CONN_CREDENTIALS_INVALID,
};

/** Returns the name of a status code of gRPC. */
export function grpcStatusName(code: number): GrpcStatusName {
  return names[code] ?? `status ${code}`;
}

/** Converts a failure of gRPC to the status of the API with the same meaning. */
export function statusOfGrpc(code: number, message: string): WireStatus {
  const name = grpcStatusName(code);
  const isTooLarge = name === "RESOURCE_EXHAUSTED" && namesMessageSize(message);
  return {
    code: isTooLarge
      ? statusCodes.RPC_MAX_MESSAGE_SIZE_EXCEEDED
      : (meanings[name] ?? statusCodes.INTERNAL_SERVER_ISSUE),
    description: `gRPC ${name}`,
    details: message === "" ? undefined : message,
  };
}

/** Reads the largest message that a server accepts from its refusal: "message larger than max (5242880 vs. 4194304)"; undefined if it names none. */
export function namedMaxBytes(details: string | undefined): number | undefined {
  const match =
    /larger than max \(\d+ vs\.? (\d+)\)/i.exec(details ?? "") ??
    /exceeds (?:the )?maximum (?:size )?(\d+)/i.exec(details ?? "");
  const bytes = Number(match?.[1]);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}

/** Whether a text says that a message is too large: the libraries of gRPC use the same status for too many requests. */
function namesMessageSize(message: string): boolean {
  return /message.{0,40}(larger than max|too large|exceeds (the )?max)/i.test(message);
}
