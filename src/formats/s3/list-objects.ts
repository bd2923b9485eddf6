/** Lists a bucket page by page: the next page is requested when the objects of the last one are taken. */

import { describeError, FlowError, InputError } from "../../core/errors.js";
import { again, fail, ok, retry, type Verdict } from "../../core/net/retry.js";
import type { S3Access } from "./access.js";
import { asUnreachable, sendS3 } from "./client.js";
import { typedUri } from "./object-uri.js";
import { S3Refusal } from "./s3-error.js";
import { parseXml, textOf, type XmlElement } from "./xml.js";

/** An object of a listing. */
export interface ListedObject {
  key: string;
  sizeBytes: number;
  /** Entity tag without its quotes; empty if the service names none. */
  etag: string;
}

interface Page {
  objects: ListedObject[];
  next: string | undefined;
}

export interface ListOptions {
  prefix: string;
  signal: AbortSignal;
}

/** Most bytes of a page: 1000 keys of 1024 characters, each encoded with up to nine. */
const maxPageBytes = 20_000_000;
const failedAttempts = 6;
const slowMs = 300_000;

/** Yields the objects whose keys begin with a prefix. @throws {InputError} ERR_S3_ANSWER for an answer that is not a listing, or a listing without an end; what `sendS3` throws */
export async function* listObjects(
  access: S3Access,
  { prefix, signal }: ListOptions,
): AsyncGenerator<ListedObject, void> {
  const { bucket } = access.place;
  const what = `the list of ${typedUri({ bucket, key: prefix })}`;
  const seen = new Set<string>();
  let token: string | undefined;
  do {
    const query = {
      ...(token !== undefined && { "continuation-token": token }),
      ...{ "encoding-type": "url", "list-type": "2" },
      ...(prefix !== "" && { prefix }),
    };
    const { objects, next } = await pageOf(access, query, what, signal);
    yield* objects;
    if (next !== undefined && seen.has(next)) {
      throw new InputError("ERR_S3_ANSWER", `${what} repeats a page, so it has no end; the fault is in the service`);
    }
    if (next !== undefined) seen.add(next);
    token = next;
  } while (token !== undefined);
}

async function pageOf(
  access: S3Access,
  query: Record<string, string>,
  what: string,
  signal: AbortSignal,
): Promise<Page> {
  const attempt = async (): Promise<Verdict<Page, never>> => {
    const { body, headers } = await sendS3(access, { query, signal, what });
    return ok(readPage(await textOfPage(body, what, signal), String(headers["content-type"] ?? "no type"), what));
  };
  const verdictOf = (error: unknown): Verdict<Page, "failed" | "slow"> => {
    if (!(error instanceof FlowError))
      return fail(new InputError("ERR_S3_ANSWER", `${what}: ${describeError(error)}`, { cause: error }));
    if (!error.retryable) return fail(error);
    return error instanceof S3Refusal ? again("slow", error, error.retryAfterMs) : again("failed", error);
  };
  const rules = { failed: { maxAttempts: failedAttempts }, slow: { retryForMs: slowMs, maxAttempts: 10 } };
  return retry<Page, "failed" | "slow">(attempt, { rules, signal, verdictOf });
}

async function textOfPage(body: AsyncIterable<Buffer>, what: string, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > maxPageBytes)
        throw new InputError("ERR_S3_ANSWER", `${what} has a page of more than ${maxPageBytes} bytes`);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw asUnreachable(what, "the service", error);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function readPage(text: string, type: string, what: string): Page {
  const page = parseXml(text);
  if (page?.name !== "ListBucketResult") {
    throw new InputError(
      "ERR_S3_ANSWER",
      `${what} is not a listing but ${type}; is the endpoint that of an S3 service?`,
    );
  }
  const isEncoded = textOf(page, "EncodingType") === "url";
  const objects = page.children.filter(({ name }) => name === "Contents").map((one) => asObject(one, isEncoded, what));
  if (textOf(page, "IsTruncated") !== "true") return { objects, next: undefined };
  const next = textOf(page, "NextContinuationToken");
  if (next) return { objects, next };
  throw new InputError("ERR_S3_ANSWER", `${what} continues, but the service names no page`);
}

function asObject(element: XmlElement, isEncoded: boolean, what: string): ListedObject {
  const key = textOf(element, "Key");
  const size = textOf(element, "Size") ?? "";
  if (!key || !/^\d+$/.test(size)) {
    throw new InputError("ERR_S3_ANSWER", `${what} has an object without a key or a size`);
  }
  const etag = (textOf(element, "ETag") ?? "").replace(/^"|"$/g, "");
  return { key: isEncoded ? decoded(key, what) : key, sizeBytes: Number(size), etag };
}

function decoded(key: string, what: string): string {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch (cause) {
    throw new InputError("ERR_S3_ANSWER", `${what} has the key "${key}", which is not encoded as a URL`, { cause });
  }
}
