/** A strict server of the S3 protocol for tests: it checks signatures by the published rules, and has faults on demand. */

import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** The key pair that the server accepts. */
export const s3Keys = { accessKeyId: "test-access", secretAccessKey: "test+secret/key" };

/** What goes wrong. Numbers count down: the fault happens that many times. */
export interface S3Faults {
  /** Answers 503 SlowDown. */
  slowDown?: number;
  /** Region in which the bucket is. A request for another one is redirected. */
  region?: string;
  /** How a request for another region is refused. */
  redirects?: "307" | "301" | "400";
  /** Breaks off bodies after this many bytes. */
  breaksAfter?: number;
  breaks?: number;
  /** Never answers. */
  hangs?: boolean;
  /** Answers this page to every request, with 200. */
  page?: string;
  /** Names the same next page for ever. */
  repeatsToken?: boolean;
  /** Ignores Range and If-Match, as simple servers do. */
  isSimple?: boolean;
  sessionToken?: string;
}

export interface S3Server {
  url: string;
  /** Bytes by `bucket/key`. */
  objects: Map<string, Buffer>;
  faults: S3Faults;
  /** Method, path and range of each request. */
  requests: { path: string; range: string | undefined; signed: boolean }[];
  /** Why requests were refused, for assertions. */
  refusals: string[];
  pageItems: number;
  close(): Promise<void>;
}

/** Starts a server, and closes it after the test. */
export async function openS3(
  objects: Record<string, Uint8Array | string> = {},
  faults: S3Faults = {},
): Promise<S3Server> {
  const opened = await startS3(objects, faults);
  onTestFinished(() => opened.close());
  return opened;
}

export async function startS3(objects: Record<string, Uint8Array | string>, faults: S3Faults = {}): Promise<S3Server> {
  const stored = new Map(Object.entries(objects).map(([key, bytes]) => [key, Buffer.from(bytes as Uint8Array)]));
  const server = createServer((request, response) => answer(opened, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const opened: S3Server = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ objects: stored, faults, requests: [], refusals: [], pageItems: 1000 },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return opened;
}

const etags = new WeakMap<Uint8Array, string>();

/** Returns the entity tag of an object. It is computed once: that of a large archive takes a second. */
export function etagOf(bytes: Uint8Array): string {
  const etag = etags.get(bytes) ?? createHash("md5").update(bytes).digest("hex");
  etags.set(bytes, etag);
  return etag;
}

function answer(server: S3Server, request: IncomingMessage, response: ServerResponse): unknown {
  const { faults } = server;
  const { range, authorization } = request.headers;
  server.requests.push({ path: request.url ?? "", range, signed: authorization !== undefined });
  if (faults.hangs) return;
  if (faults.page !== undefined) return response.writeHead(200, { "content-type": "text/html" }).end(faults.page);
  if ((faults.slowDown ?? 0) > 0) {
    faults.slowDown = (faults.slowDown ?? 0) - 1;
    return refuse(server, response, 503, "SlowDown", "Please reduce your request rate.");
  }
  const [rawPath = "", rawQuery = ""] = (request.url ?? "").split("?");
  const [, bucket = "", rawKey] = /^\/([^/]*)(?:\/(.*))?$/.exec(rawPath) ?? [];
  const isPublic = bucket === "public";
  const reason =
    authorization === undefined
      ? isPublic
        ? undefined
        : "AccessDenied"
      : signatureFault(request, rawPath, rawQuery, faults);
  if (reason === "region") return redirect(server, request, response);
  if (reason !== undefined) return refuse(server, response, 403, reason.split(":")[0] ?? "", reason);
  if (![...server.objects.keys()].some((name) => name.startsWith(`${bucket}/`)))
    return refuse(server, response, 404, "NoSuchBucket", "no bucket");
  if (rawKey === undefined || rawKey === "") return list(server, bucket, new URLSearchParams(rawQuery), response);
  const bytes = server.objects.get(`${bucket}/${decodeURIComponent(rawKey)}`);
  if (!bytes) return refuse(server, response, 404, "NoSuchKey", "The specified key does not exist.");
  send(server, bytes, request, response);
}

function redirect(server: S3Server, request: IncomingMessage, response: ServerResponse): void {
  const { region = "", redirects = "307" } = server.faults;
  const headers = {
    "x-amz-bucket-region": region,
    ...(redirects === "307" && { location: `${server.url}${request.url}` }),
  };
  const [code, isTold] = redirects === "400" ? ["AuthorizationHeaderMalformed", true] : ["TemporaryRedirect", false];
  server.refusals.push(code as string);
  response.writeHead(Number(redirects), isTold ? {} : headers);
  response.end(`<Error><Code>${code}</Code><Message>m</Message>${isTold ? `<Region>${region}</Region>` : ""}</Error>`);
}

function send(server: S3Server, bytes: Buffer, request: IncomingMessage, response: ServerResponse): unknown {
  const { faults } = server;
  const etag = `"${etagOf(bytes)}"`;
  const { range, "if-match": match } = request.headers;
  if (!faults.isSimple && match !== undefined && match !== etag)
    return refuse(server, response, 412, "PreconditionFailed", "changed");
  const [, first, last] = (!faults.isSimple && /^bytes=(\d+)-(\d+)$/.exec(range ?? "")) || [];
  let body = bytes;
  let headers: Record<string, string> = { etag };
  if (first !== undefined) {
    if (Number(first) >= bytes.length) return refuse(server, response, 416, "InvalidRange", "range");
    const end = Math.min(Number(last), bytes.length - 1);
    body = bytes.subarray(Number(first), end + 1);
    headers = { etag, "content-range": `bytes ${first}-${end}/${bytes.length}` };
  }
  response.writeHead(first === undefined ? 200 : 206, { ...headers, "content-length": body.length });
  const { breaksAfter } = faults;
  if (breaksAfter === undefined || body.length <= breaksAfter || faults.breaks === 0) return response.end(body);
  if (faults.breaks !== undefined) faults.breaks -= 1;
  response.write(body.subarray(0, breaksAfter), () => response.destroy());
}

/** Lists in the order of UTF-8 bytes, with continuation tokens that are not keys. */
function list(server: S3Server, bucket: string, query: URLSearchParams, response: ServerResponse): unknown {
  if (query.get("list-type") !== "2") return refuse(server, response, 400, "InvalidArgument", "list-type");
  const prefix = `${bucket}/${query.get("prefix") ?? ""}`;
  const names = [...server.objects.keys()]
    .filter((name) => name.startsWith(prefix))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const token = query.get("continuation-token");
  const start = token === null ? 0 : Number(Buffer.from(token, "base64").toString().replace("page/+", ""));
  const count = Math.min(server.pageItems, Number(query.get("max-keys") ?? 1000));
  const page = names.slice(start, start + count);
  const isTruncated = start + count < names.length;
  const next = Buffer.from(`page/+${server.faults.repeatsToken ? 0 : start + count}`).toString("base64");
  const encode =
    query.get("encoding-type") === "url" ? (key: string) => encodeURIComponent(key).replaceAll("%20", "+") : escaped;
  const contents = page.map((name) => {
    const bytes = server.objects.get(name) as Buffer;
    return `<Contents><Key>${encode(name.slice(bucket.length + 1))}</Key><ETag>&quot;${etagOf(bytes)}&quot;</ETag><Size>${bytes.length}</Size></Contents>`;
  });
  response.writeHead(200, { "content-type": "application/xml" });
  response.end(
    `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${bucket}</Name>${
      query.has("encoding-type") ? "<EncodingType>url</EncodingType>" : ""
    }<IsTruncated>${isTruncated}</IsTruncated>${isTruncated ? `<NextContinuationToken>${next}</NextContinuationToken>` : ""}${contents.join("")}</ListBucketResult>`,
  );
}

function refuse(server: S3Server, response: ServerResponse, status: number, code: string, message: string): void {
  server.refusals.push(`${code}: ${message}`);
  response.writeHead(status, { "content-type": "application/xml" });
  response.end(
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${escaped(message)}</Message></Error>`,
  );
}

function escaped(text: string): string {
  return text.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Checks a signature of version 4, by the steps of its specification. Returns what is wrong; "region" for another region. */
function signatureFault(
  request: IncomingMessage,
  rawPath: string,
  rawQuery: string,
  faults: S3Faults,
): string | undefined {
  const { authorization = "" } = request.headers;
  const [, access, date, region = "", signedHeaders = "", signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      authorization,
    ) ?? [];
  if (access !== s3Keys.accessKeyId) return "InvalidAccessKeyId: unknown key";
  const header = (name: string) =>
    String(request.headers[name] ?? "")
      .trim()
      .replace(/ +/g, " ");
  const time = header("x-amz-date");
  const names = signedHeaders.split(";");
  const required = ["host", ...Object.keys(request.headers).filter((name) => name.startsWith("x-amz-"))];
  if (required.some((name) => !names.includes(name))) return "AccessDenied: a header is not signed";
  if (!time.startsWith(date ?? "?")) return "AccessDenied: date";
  if (Math.abs(Date.now() - Date.parse(time.replace(/(....)(..)(..)T(..)(..)(..)Z/, "$1-$2-$3T$4:$5:$6Z"))) > 900_000)
    return "RequestTimeTooSkewed: time";
  if (faults.sessionToken !== undefined && header("x-amz-security-token") !== faults.sessionToken)
    return "InvalidToken: token";
  const query =
    rawQuery === ""
      ? ""
      : rawQuery
          .split("&")
          .map((part) =>
            part
              .split("=")
              .map((text) => strict(decodeURIComponent(text)))
              .join("="),
          )
          .sort()
          .join("&");
  const path = rawPath
    .split("/")
    .map((part) => strict(decodeURIComponent(part)))
    .join("/");
  const payload = header("x-amz-content-sha256");
  if (!["UNSIGNED-PAYLOAD", sha256("")].includes(payload)) return "XAmzContentSHA256Mismatch: payload";
  const canonical = [
    "GET",
    path,
    query,
    ...names.map((name) => `${name}:${header(name)}`),
    "",
    signedHeaders,
    payload,
  ].join("\n");
  const scope = `${date}/${region}/s3/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n");
  let key: Buffer = Buffer.from(`AWS4${s3Keys.secretAccessKey}`);
  for (const part of scope.split("/")) key = createHmac("sha256", key).update(part).digest();
  if (createHmac("sha256", key).update(toSign).digest("hex") !== signature) return "SignatureDoesNotMatch: signature";
  return faults.region !== undefined && region !== faults.region ? "region" : undefined;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const strict = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
