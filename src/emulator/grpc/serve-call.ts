/** Serves one call of the platform's service by the REST route that its method is bound to. */

import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import type { JsonObject } from "../../core/util/json/json-values.js";
import { getStatusCodes } from "../routes/apps.js";
import type { Reply, Services } from "../routes/context.js";
import { envelopeOf, fail } from "../server/answers.js";
import type { Fault } from "../server/faults.js";
import { changeFor } from "../server/faulty-answers.js";
import { IncomingMedia } from "../server/incoming-media.js";
import type { RateLimiter } from "../server/rate-limiter.js";
import { type Access, accessOf, type Credentials, idPrefixOf } from "../server/requests.js";
import { checkScope, runRoute } from "../server/run-route.js";
import { readMessage as readByDefinition } from "../wire/read-message.js";
import type { Connections } from "./connections.js";
import { checkValueCount } from "./count-values.js";
import type { Definitions, ServedMethod } from "./definitions/definitions.js";
import { answerWithFaults, refuseByFault } from "./faulty-calls.js";
import { GrpcError } from "./grpc-error.js";
import { mediaFieldsOf } from "./media-fields.js";
import { MessageScanner } from "./message-scanner.js";
import { plainScanner } from "./own-methods.js";
import { readMessage } from "./read-message.js";
import { answerBytes, requestJson } from "./request-json.js";
import { targetOf } from "./target.js";

export interface CallOptions {
  services: Services;
  credentials: Credentials;
  limiter: RateLimiter | undefined;
  definitions: Definitions;
  connections: Connections;
}

/** One call, before its message is read. */
export interface IncomingCall {
  stream: ServerHttp2Stream;
  headers: IncomingHttpHeaders;
  /** Path of the method. */
  path: string;
  method: ServedMethod;
  /** Address of the REST server under the name that the client uses. */
  base: string;
}

/** Serves a call. Refusals are answers with the status OK of gRPC: their own status is in the message. @throws {GrpcError} */
export async function serveCall(call: IncomingCall, options: CallOptions): Promise<void> {
  const { stream, headers, path, method } = call;
  const { services, definitions, connections } = options;
  const [binding] = method.bindings;
  const faults = services.faults.ofRequest(binding.method, binding.path, path);
  const result = await resultOf(call, options, faults);
  if (result === undefined) return;
  const { reply, isRefused } = result;
  const change = !isRefused && faults.some(({ type }) => type === "odd-answer") ? changeFor("other-order") : undefined;
  const json = envelopeOf(reply, { idPrefix: idPrefixOf({ headers }), change });
  const bytes = answerBytes(method.desc.output, json, definitions.registry);
  const metadata = { "x-sluice-store": services.store.id, ...retryAfter(faults) };
  await answerWithFaults(stream, bytes, isRefused ? [] : faults, { headers: metadata, connections });
}

/** Returns the header that names the time to wait, if a fault asks for one. */
function retryAfter(faults: readonly Fault[]): OutgoingHttpHeaders {
  const seconds = faults.find((fault) => fault.type === "throttle")?.retryAfterSeconds;
  return seconds === undefined ? {} : { "retry-after": String(seconds) };
}

interface Result {
  reply: Reply;
  /** The call was not carried out. Its answer is without faults, as on REST. */
  isRefused: boolean;
}

/** Carries out the call. Returns undefined if a fault ended it. */
async function resultOf(
  call: IncomingCall,
  options: CallOptions,
  faults: readonly Fault[],
): Promise<Result | undefined> {
  try {
    if (await refuseByFault(call.stream, faults, options.connections)) return undefined;
    return { reply: await replyTo(call, options, faults), isRefused: false };
  } catch (error) {
    if (error instanceof GrpcError) throw error;
    return { reply: fail(error), isRefused: true };
  }
}

async function replyTo(call: IncomingCall, options: CallOptions, faults: readonly Fault[]): Promise<Reply> {
  if (call.method.bindings[0].of === "status codes") return statusCodesReply(call, options);
  const access = accessOf({ headers: call.headers }, options.credentials);
  if (access.refusal) throw access.refusal;
  options.limiter?.acquire();
  return runCall(call, access, options, faults);
}

/** Answers with the definitions of status codes. They need no key. */
async function statusCodesReply({ stream, method }: IncomingCall, { definitions }: CallOptions): Promise<Reply> {
  const { desc, bindings } = method;
  const { bytes } = await readMessage(stream, plainScanner);
  const json = requestJson(desc.input, bytes, definitions.registry);
  return getStatusCodes(
    "GET",
    bindings[0].variables.map((name) => String(json[name] ?? "")),
  );
}

/** Reads the message and runs the route. */
async function runCall(
  { stream, method, base }: IncomingCall,
  access: Access,
  { services, definitions }: CallOptions,
  faults: readonly Fault[],
): Promise<Reply> {
  const { desc } = method;
  const media = new IncomingMedia(services);
  try {
    const fields = mediaFieldsOf(desc.input);
    const { bytes, length } = await readMessage(stream, (size) => new MessageScanner(size, fields, () => media.open()));
    checkValueCount(desc.input, bytes);
    const json = requestJson(desc.input, bytes, definitions.registry);
    const { target, verb, rest } = targetOf(method.bindings, json);
    checkScope(target, access);
    const isGet = verb === "GET";
    const options = { strict: !services.lenient, ...(isGet ? { code: statusCodes.CONN_INVALID_REQUEST } : {}) };
    const read = readByDefinition(rest, target.found.message, options);
    const empty: JsonObject = {};
    const request = {
      ...{ method: verb, base, parameters: isGet ? read : empty, body: isGet ? empty : read, bodyBytes: length },
      // The bytes of the placeholder came back as base64.
      media: (placeholder: string) => media.find(Buffer.from(placeholder, "base64").toString()),
    };
    return await runRoute(target, request, access, { services, faults });
  } finally {
    media.release();
  }
}
