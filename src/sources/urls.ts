/** Source: a list of URLs, by reference or fetched. */

import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import * as z from "zod";
import { decodeText, describeBytes } from "../core/content.js";
import { describeError, FlowError, InputError, SourceError } from "../core/errors.js";
import { checkUrl, guardedAgent } from "../core/guarded-fetch.js";
import { idFromPath } from "../core/ids.js";
import { type InputDraft, type Kind, kinds } from "../core/input.js";
import { kindOfUrl, urlField } from "../core/kind-of-url.js";
import { limits } from "../core/limits.js";
import { parseOptions, type Source, type SourceItem } from "../core/plugin.js";

const Options = z.strictObject({
  /** Kind of what the URLs point to. Default: by the extension; with `fetch`, by the content. */
  kind: z.enum(kinds).optional(),
  /** Fetches here and sends the bytes; without it the platform fetches. Default: false. */
  fetch: z.boolean().default(false),
  /** Most fetches at once; they run ahead of the flow by no more than this. Default: 4. */
  concurrency: z.number().int().min(1).max(64).default(4),
  /** Longest wait for an answer, and between two pieces of it, in milliseconds. Default: 30,000. */
  timeoutMs: z.number().positive().default(30_000),
  /** Times that a fetch is tried when the server or the way to it fails. Default: 3. */
  maxAttempts: z.number().int().min(1).default(3),
  /** Fetches from private, loopback and link-local addresses too. Default: false. */
  allowPrivate: z.boolean().default(false),
});
export type UrlsOptions = z.input<typeof Options>;
type Checked = z.output<typeof Options>;

const maxRedirects = 5;

/**
 * Yields one input for each URL of a list, an iterable, or a text file with one URL a line (empty lines and lines that begin with `#` are passed
 * by). By reference the platform fetches; with `fetch: true` the bytes are fetched here, up to the limit of their kind.
 *
 * Keeps order. A URL that cannot be fetched, is none, or whose kind cannot be told fails alone. Fetching refuses addresses that are not
 * public, checks every redirect anew, and sends no credentials. An early stop cuts open fetches.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_FILE_UNREADABLE when the list cannot be read
 * @example await flow(urls(["https://samples.clarifai.com/metro-north.jpg"])).pipe(batch(), upload(app)).run();
 */
export function urls(list: string | Iterable<string> | AsyncIterable<string>, options: UrlsOptions = {}): Source {
  const checked = parseOptions("urls", Options, options);
  return {
    name: "urls",
    async *read({ signal }) {
      const lines = typeof list === "string" ? linesOf(list) : list;
      if (!checked.fetch) {
        for await (const line of lines) yield reference(line, checked);
        return;
      }
      const open: Promise<SourceItem>[] = [];
      for await (const line of lines) {
        open.push(fetched(line, checked, signal));
        if (open.length >= checked.concurrency) yield (await open.shift()) as SourceItem;
      }
      for (const item of open) yield await item;
    },
  };
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const file = createReadStream(path, { encoding: "utf8" });
  const lines = createInterface({ input: file, crlfDelay: Number.POSITIVE_INFINITY });
  try {
    await new Promise<void>((resolve, reject) => file.once("open", () => resolve()).once("error", reject));
    for await (const line of lines) {
      const text = line.replace(/^\uFEFF/, "").trim();
      if (text !== "" && !text.startsWith("#")) yield text;
    }
  } catch (error) {
    throw new SourceError("ERR_FILE_UNREADABLE", `urls: ${path}: ${describeError(error)}`, { cause: error });
  } finally {
    lines.close();
    file.destroy();
  }
}

function reference(text: string, { kind }: Checked): SourceItem {
  try {
    const url = checkUrl(text);
    const found = kind ?? kindOfUrl(url);
    if (found === undefined) {
      throw new InputError("ERR_KIND_UNKNOWN", `the kind of ${text} cannot be told by its extension; pass { kind }`);
    }
    return { origin: text, input: { ...urlField(found, text), ...identity(url) } };
  } catch (error) {
    return { origin: text, error: error as Error };
  }
}

async function fetched(text: string, options: Checked, signal: AbortSignal): Promise<SourceItem> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return { origin: text, input: await fetchInput(checkUrl(text), options, signal) };
    } catch (error) {
      const final =
        signal.aborted || (error instanceof FlowError && !error.retryable) || attempts >= options.maxAttempts;
      if (!final) continue;
      if (error instanceof FlowError) return { origin: text, error };
      const reason = `${text} cannot be fetched: ${describeError(error)}`;
      return { origin: text, error: new InputError("ERR_FETCH", reason, { cause: error }) };
    }
  }
}

async function fetchInput(start: URL, options: Checked, signal: AbortSignal): Promise<InputDraft> {
  let url = start;
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    const response = await guardedAgent(options.allowPrivate).request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: "GET",
      headers: { "accept-encoding": "identity", "user-agent": "sluice" },
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
      signal,
    });
    const { statusCode, headers, body } = response;
    if (statusCode >= 300 && statusCode < 400 && typeof headers.location === "string") {
      body.on("error", () => undefined).destroy();
      url = checkUrl(new URL(headers.location, url).href);
      continue;
    }
    if (statusCode !== 200) {
      body.on("error", () => undefined).destroy();
      const retryable = statusCode === 429 || statusCode >= 500;
      throw new InputError(`ERR_HTTP_${statusCode}`, `${url.href} answered HTTP ${statusCode}`, { retryable });
    }
    const encoding = headers["content-encoding"];
    if (encoding !== undefined && encoding !== "identity") {
      body.on("error", () => undefined).destroy();
      throw new InputError("ERR_CONTENT_ENCODING", `${url.href} answers with content-encoding ${String(encoding)}`);
    }
    return describeFetched(url, await readLimited(body, url, options.kind, signal), options.kind, start);
  }
  throw new InputError("ERR_REDIRECTS", `${start.href} redirects more than ${maxRedirects} times`);
}

/** Reads a body, and stops it as soon as it is larger than its kind may be. */
async function readLimited(
  body: AsyncIterable<Buffer> & { destroy(): unknown },
  url: URL,
  kind: Kind | undefined,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const limit = kind === undefined ? limits.maxItemBytes.video : limits.maxItemBytes[kind];
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    signal.throwIfAborted();
    bytes += chunk.length;
    if (bytes >= limit) {
      body.destroy();
      throw new InputError(
        "ERR_ITEM_TOO_LARGE",
        `${url.href} has ${bytes} bytes or more; the limit is less than ${limit}`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function describeFetched(
  url: URL,
  bytes: Uint8Array<ArrayBuffer>,
  wanted: Kind | undefined,
  start: URL,
): Promise<InputDraft> {
  const { kind, content } = await describeBytes({ bytes });
  if (kind === undefined || (wanted !== undefined && wanted !== kind)) {
    const found = content.mimeType ?? "of a type that is not known";
    throw new InputError("ERR_KIND_MISMATCH", `${url.href} is ${found}${wanted ? `, not ${wanted}` : ""}`);
  }
  const what = kind === "text" ? { text: decodeText(bytes, url.href) } : { [kind]: content };
  return { ...what, ...identity(start) };
}

/** The id comes from the whole address, the name from its last part. */
function identity(url: URL): { id: string; metadata: { url: string; filename?: string } } {
  const name = url.pathname.split("/").at(-1);
  return { id: idFromPath(url.href), metadata: { url: url.href, ...(name ? { filename: safeDecode(name) } : {}) } };
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
