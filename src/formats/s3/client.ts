/** Sends requests to a bucket: address, signature, region, redirects, refusals. */

import type { Dispatcher } from "undici";
import { describeError, FlowError, InputError } from "../../core/errors.js";
import { certificateProblem } from "../../core/net/certificate.js";
import type { S3Access } from "./access.js";
import { encodeKey, type S3Place } from "./object-uri.js";
import { S3Refusal } from "./s3-error.js";
import { signatureOf } from "./sign.js";

export interface S3Request {
  /** Without a key, the request is about the bucket. */
  key?: string;
  query?: Readonly<Record<string, string>>;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
  /** Names the object in errors. */
  what: string;
}

/** Times that a request is signed anew: for another region, another host, or new credentials. */
const maxHops = 4;
/** Most bytes of a refusal that are read. */
const maxRefusalBytes = 65_536;
const awsHost = /(^|\.)amazonaws\.com(\.cn)?$/;

/**
 * Sends a GET request, and returns the answer if its status is 200 or 206. Signs it again for the region or the host that the service names, and with new
 * credentials if they expired.
 *
 * @throws {InputError} ERR_S3_REFUSED, ERR_S3_NO_OBJECT, ERR_FILE_CHANGED, ERR_S3_UNREACHABLE
 * @throws {SourceError} ERR_S3_CREDENTIALS
 */
export async function sendS3(access: S3Access, request: S3Request): Promise<Dispatcher.ResponseData> {
  let redirect: Address | undefined;
  for (let hop = 1; ; hop += 1) {
    const address = redirect ?? addressOf(access, request);
    const response = await ask(access, address, request);
    const { statusCode, headers } = response;
    if (statusCode === 200 || statusCode === 206) return response;
    const refusal = new S3Refusal(request.what, statusCode, headers, await textOfRefusal(response.body));
    if (hop === maxHops) throw refusal;
    const { location } = headers;
    const target =
      statusCode === 307 && typeof location === "string" ? targetOf(location, address, access.place) : undefined;
    const isElsewhere =
      refusal.region !== undefined && refusal.region !== access.region && [301, 307, 400, 403].includes(statusCode);
    if (isElsewhere) access.region = refusal.region as string;
    if (target) redirect = target;
    else if (isElsewhere) redirect = undefined;
    else if (refusal.reason === "ExpiredToken" && access.credentials) access.credentials.forget();
    else throw refusal;
  }
}

async function ask(access: S3Access, address: Address, request: S3Request): Promise<Dispatcher.ResponseData> {
  const { origin, host, path } = address;
  const { region, timeoutMs, network } = access;
  const credentials = await access.credentials?.get();
  const signed = credentials ? await signatureOf({ host, path, region }, credentials) : {};
  const headers = { ...signed, host, "accept-encoding": "identity", "user-agent": "sluice", ...request.headers };
  delete (headers as { Host?: string }).Host;
  const { signal } = request;
  try {
    return await network.agent.request({
      ...{ origin, path, method: "GET", headers, headersTimeout: timeoutMs, bodyTimeout: timeoutMs },
      ...(signal && { signal }),
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw asUnreachable(request.what, host, error);
  }
}

/** Makes the error of a connection that failed. It may work later, unless the certificate is wrong. */
export function asUnreachable(what: string, host: string, error: unknown): FlowError {
  if (error instanceof FlowError) return error;
  const certificate = certificateProblem(error, host, "name its certificate in AWS_CA_BUNDLE");
  if (certificate) return new InputError("ERR_CERTIFICATE", certificate, { cause: error });
  return new InputError("ERR_S3_UNREACHABLE", `${what} cannot be read: ${describeError(error)}`, {
    cause: error,
    retryable: true,
  });
}

interface Address {
  origin: string;
  host: string;
  path: string;
}

/** Makes the address of a request. It is put together as text: a URL parser would resolve `..` in a key. */
function addressOf({ place, region }: S3Access, { key, query = {} }: S3Request): Address {
  const { bucket, endpoint, pathStyle = endpoint !== undefined || !isHostName(bucket) } = place;
  const url = new URL(endpoint ?? `https://s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`);
  const host = pathStyle ? url.host : `${bucket}.${url.host}`;
  const base = `${url.pathname.replace(/\/+$/, "")}${pathStyle ? `/${bucket}` : ""}`;
  const path = key === undefined ? base || "/" : `${base}/${encodeKey(key)}`;
  const parameters = Object.entries(query).map(([name, value]) => `${name}=${encodeKey(value).replaceAll("/", "%2F")}`);
  return {
    origin: `${url.protocol}//${host}`,
    host,
    path: parameters.length > 0 ? `${path}?${parameters.join("&")}` : path,
  };
}

/** Whether the certificate of the service covers the bucket as a part of the host name. */
function isHostName(bucket: string): boolean {
  return /^[a-z0-9-]+$/.test(bucket);
}

/** Returns the address of a redirect: to AWS from AWS, else on the same host. The signature would not be for another one. */
function targetOf(location: string, from: Address, { endpoint }: S3Place): Address | undefined {
  const [, scheme, host, path = "/"] = /^(https?):\/\/([^/?#]+)([^#]*)/i.exec(location) ?? [];
  if (scheme === undefined || host === undefined || !URL.canParse(location)) return undefined;
  const origin = `${scheme.toLowerCase()}://${host}`;
  const isAllowed =
    endpoint === undefined ? scheme === "https" && awsHost.test(new URL(location).hostname) : origin === from.origin;
  return isAllowed ? { origin, host, path: path.startsWith("/") ? path : `/${path}` } : undefined;
}

async function textOfRefusal(body: Dispatcher.ResponseData["body"]): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > maxRefusalBytes) break; // ends the connection
    }
  } catch {
    // The status counts.
  }
  return Buffer.concat(chunks).toString("utf8");
}
