/** The binary wire of an upload: protobuf messages with the bytes of the files. */

import type { UploadWire } from "../upload-wire.js";
import { type EncodedMessage, encodeMessage } from "./encode-message.js";
import { inputsMessage } from "./message-body.js";

/** Protobuf over gRPC. */
export const grpcWire: UploadWire<EncodedMessage> = { name: "grpc", encode: encodeMessage, body: inputsMessage };
