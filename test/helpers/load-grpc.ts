/** The binary wire for tests that make a Transport themselves, as `connect` does. */

import { GrpcConnection } from "../../src/clarifai/client/grpc/grpc-connection.js";
import type { TransportOptions } from "../../src/clarifai/client/transport-options.js";
import { WireChoice } from "../../src/clarifai/client/wire-choice.js";
import { grpcWire, statusCodeMessage } from "../../src/clarifai/wire/protobuf/grpc-wire.js";

/** Returns the gRPC part of a transport and of an app. */
export function loadGrpc(
  url: string,
  pat = "any",
  timeoutMs?: number,
): { grpc: NonNullable<TransportOptions["grpc"]>; choice: WireChoice } {
  return {
    grpc: (counts) => new GrpcConnection({ url, pat, timeoutMs }, counts),
    choice: new WireChoice({ wire: grpcWire, question: statusCodeMessage }),
  };
}
