/** The service of reflection: clients without the definitions ask for them. */

import { type FileRegistry, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Json, JsonObject } from "../../../core/util/json/json-values.js";
import { objectIn } from "../../wire/lenient-json.js";
import { grpcCodes } from "../grpc-error.js";

/** Answers requests of reflection. Both versions of the service have the same messages. */
export class Reflection {
  readonly #registry: FileRegistry;
  readonly #files = new Map<string, FileDescriptorProto>();
  /** File of each symbol. */
  readonly #fileOf = new Map<string, string>();
  /** Numbers of the extensions of each message, with their files. */
  readonly #extensions = new Map<string, Map<number, string>>();

  constructor(registry: FileRegistry) {
    this.#registry = registry;
    for (const { proto } of registry.files) this.#files.set(proto.name, proto);
    for (const type of registry) {
      const { name } = type.file.proto;
      this.#fileOf.set(type.typeName, name);
      if (type.kind === "service") {
        for (const method of type.methods) this.#fileOf.set(`${type.typeName}.${method.name}`, name);
      }
      if (type.kind !== "extension") continue;
      const numbers = this.#extensions.get(type.extendee.typeName) ?? new Map<number, string>();
      this.#extensions.set(type.extendee.typeName, numbers.set(type.number, name));
    }
  }

  /** Returns the answer to a request, as JSON. */
  answer(request: JsonObject): JsonObject {
    return { valid_host: request.host ?? "", original_request: request, ...this.#result(request) };
  }

  #result(request: JsonObject): JsonObject {
    if (request.list_services !== undefined) return { list_services_response: { service: this.#services() } };
    if (request.file_by_filename !== undefined) return this.#fileResult(String(request.file_by_filename));
    if (request.file_containing_symbol !== undefined) {
      return this.#fileResult(this.#fileOf.get(String(request.file_containing_symbol)));
    }
    if (request.file_containing_extension !== undefined) {
      const { containing_type: type, extension_number: number } = objectIn(request.file_containing_extension);
      return this.#fileResult(this.#extensions.get(String(type))?.get(Number(number)));
    }
    const type = request.all_extension_numbers_of_type;
    if (typeof type !== "string" || !this.#fileOf.has(type)) return notFound();
    const numbers = [...(this.#extensions.get(type)?.keys() ?? [])];
    return { all_extension_numbers_response: { base_type_name: type, extension_number: numbers } };
  }

  #services(): Json[] {
    return [...this.#registry].flatMap((type) => (type.kind === "service" ? [{ name: type.typeName }] : []));
  }

  /** Returns a file and the files that it needs. */
  #fileResult(name: string | undefined): JsonObject {
    if (name === undefined || !this.#files.has(name)) return notFound();
    const names = new Set([name]);
    // The set grows while the loop runs.
    for (const one of names) for (const needed of this.#files.get(one)?.dependency ?? []) names.add(needed);
    const files = [...names].flatMap((one) => this.#files.get(one) ?? []);
    const encoded = files.map((file) => Buffer.from(toBinary(FileDescriptorProtoSchema, file)).toString("base64"));
    return { file_descriptor_response: { file_descriptor_proto: encoded } };
  }
}

function notFound(): JsonObject {
  return { error_response: { error_code: grpcCodes.NOT_FOUND, error_message: "the emulator does not have it" } };
}
