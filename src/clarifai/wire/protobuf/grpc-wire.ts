/** The binary wire of an upload: protobuf messages with the bytes of the files. It is loaded only when an upload may use gRPC. */

import { checkLimits } from "../../check-limits.js";
import type { UploadWire } from "../upload-wire.js";
import { type EncodedMessage, encodeMessage } from "./encode-message.js";
import { inputsMessage, statusCodeMessage } from "./message-body.js";

/** Protobuf over gRPC. */
export const grpcWire: UploadWire<EncodedMessage> = {
  name: "grpc",
  measure(input) {
    const encoded = encodeMessage(input);
    checkLimits(input, encoded);
    return encoded;
  },
  body: inputsMessage,
};

export { statusCodeMessage };
