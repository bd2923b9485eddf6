/** The methods of the services that every gRPC server can have: reflection and health. They need no key. */

import type { ServerHttp2Stream } from "node:http2";
import type { DescMethod } from "@bufbuild/protobuf";
import type { JsonObject } from "../../core/util/json/json-values.js";
import { frameOf, sendAnswer, startAnswer } from "./answers.js";
import { serviceName } from "./definitions/bindings.js";
import type { Definitions } from "./definitions/definitions.js";
import { Reflection } from "./definitions/reflection.js";
import { GrpcError, grpcCodes } from "./grpc-error.js";
import { MessageScanner } from "./message-scanner.js";
import { messagesIn, readMessage } from "./read-message.js";
import { answerBytes, requestJson } from "./request-json.js";

export type OwnMethod = (stream: ServerHttp2Stream) => Promise<void>;

/** Returns the methods by their paths. */
export function ownMethods({ registry }: Definitions): ReadonlyMap<string, OwnMethod> {
  const methods = new Map<string, OwnMethod>();
  const serve = (service: string, name: string, handler: (method: Method) => OwnMethod) => {
    const desc = registry.getService(service)?.methods.find((method) => method.name === name);
    if (desc) methods.set(`/${service}/${name}`, handler(new Method(desc, registry)));
  };
  const reflection = new Reflection(registry);
  for (const version of ["v1", "v1alpha"]) {
    serve(`grpc.reflection.${version}.ServerReflection`, "ServerReflectionInfo", (method) => (stream) => {
      return reflect(stream, method, reflection);
    });
  }
  const health = "grpc.health.v1.Health";
  serve(
    health,
    "Check",
    (method) => async (stream) => sendAnswer(stream, method.encode(statusOf(await method.read(stream)))),
  );
  serve(health, "List", (method) => async (stream) => {
    await method.read(stream);
    const statuses = Object.fromEntries(healthyServices.map((name) => [name, serving]));
    await sendAnswer(stream, method.encode({ statuses }));
  });
  serve(health, "Watch", (method) => (stream) => watch(stream, method));
  return methods;
}

/** The messages of a method. */
class Method {
  readonly #desc: DescMethod;
  readonly #registry: Definitions["registry"];

  constructor(desc: DescMethod, registry: Definitions["registry"]) {
    this.#desc = desc;
    this.#registry = registry;
  }

  async read(stream: ServerHttp2Stream): Promise<JsonObject> {
    return this.#decode((await readMessage(stream, plainScanner)).bytes);
  }

  async *readAll(stream: ServerHttp2Stream): AsyncGenerator<JsonObject> {
    for await (const { bytes } of messagesIn(stream, plainScanner)) yield this.#decode(bytes);
  }

  encode(json: JsonObject): Uint8Array {
    return answerBytes(this.#desc.output, json, this.#registry);
  }

  #decode(bytes: Buffer): JsonObject {
    return requestJson(this.#desc.input, bytes, this.#registry);
  }
}

/** Makes a scanner for a message without media. */
export function plainScanner(length: number): MessageScanner {
  return new MessageScanner(length, new Map(), () => {
    throw new Error("the message has no media");
  });
}

async function reflect(stream: ServerHttp2Stream, method: Method, reflection: Reflection): Promise<void> {
  stream.setTimeout(0); // A client may keep the stream open.
  if (!startAnswer(stream)) return;
  for await (const request of method.readAll(stream)) {
    stream.write(frameOf(method.encode(reflection.answer(request))));
  }
  stream.end();
}

/** The whole server, and the platform's service. */
const healthyServices = ["", serviceName];
const serving = { status: "SERVING" };

/** Returns the health of a service. @throws {GrpcError} NOT_FOUND */
function statusOf({ service = "" }: JsonObject): JsonObject {
  if (healthyServices.includes(String(service))) return serving;
  throw new GrpcError(grpcCodes.NOT_FOUND, `the emulator does not have the service ${String(service)}`);
}

/** Sends the health of a service, which does not change until the emulator closes. */
async function watch(stream: ServerHttp2Stream, method: Method): Promise<void> {
  const { service = "" } = await method.read(stream);
  stream.setTimeout(0);
  const isKnown = healthyServices.includes(String(service));
  if (startAnswer(stream)) stream.write(frameOf(method.encode(isKnown ? serving : { status: "SERVICE_UNKNOWN" })));
}
