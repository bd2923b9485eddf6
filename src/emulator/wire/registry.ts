/** Loads the definitions of the API's messages. */

import { brotliDecompressSync } from "node:zlib";
import { createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { packedDescriptors } from "../grpc/definitions/descriptor-set.js";

/** Unpacks the definitions. This takes some milliseconds, so it is done for gRPC and for archives in protobuf only. */
export function loadRegistry(): FileRegistry {
  const bytes = brotliDecompressSync(Buffer.from(packedDescriptors, "base64"));
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
}
