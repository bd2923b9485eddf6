/** Source: a list of URLs, by reference or fetched. */

import { setTimeout as wait } from "node:timers/promises";
import * as z from "zod";
import { decodeText, describeBytes } from "../core/content.js";
import { withDeadline } from "../core/deadline.js";
import { describeError, FlowError, InputError, SourceError } from "../core/errors.js";
import { followRedirects } from "../core/follow-redirects.js";
import { checkUrl, guardedAgent, withoutCredentials } from "../core/guarded-fetch.js";
import { idFromPath } from "../core/ids.js";
import type { InputDraft, Kind } from "../core/input.js";
import { kindOfUrl, urlField } from "../core/kind-of-url.js";
import { kinds } from "../core/kinds.js";
import { limits } from "../core/limits.js";
import { readLines } from "../core/lines.js";
import { checkPath, type OptionsOf, parseOptions, type Source, type SourceItem } from "../core/plugin.js";

const Options = z.strictObject({
  /** Kind of what the URLs point to. Default: by the extension; with `fetch`, by the content. */
  kind: z.enum(kinds).optional(),
  /** Fetches here and sends the bytes; without it the platform fetches. Default: false. */
  fetch: z.boolean().default(false),
  /** Most fetches at once; they run ahead of the flow by no more than this. Default: 4. */
  concurrency: z.number().int().min(1).max(64).default(4),
  /** Longest wait for an answer, and between two pieces of it, in milliseconds. Default: 30,000. */
  timeoutMs: z.number().positive().default(30_000),
  /** Longest time for one try as a whole, in milliseconds; it ends a server that sends for ever. Default: 600,000. */
  deadlineMs: z.number().positive().default(600_000),
  /** Times that a fetch is tried when the server or the way to it fails. Default: 3. */
  maxAttempts: z.number().int().min(1).default(3),
  /** Fetches from private, loopback and link-local addresses too. Default: false. */
  allowPrivate: z.boolean().default(false),
});
/** Options of `urls`. */
export type UrlsOptions = OptionsOf<typeof Options>;
type Checked = z.output<typeof Options>;

/** Longest line of a list, in bytes. */
const maxLineBytes = 1_000_000;
/** Wait before the second try; it doubles with each. */
const retryWaitMs = 250;

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
  if (typeof list !== "object" || list === null) checkPath("urls", list);
  const checked = parseOptions("urls", Options, options);
  return {
    name: "urls",
    total: Array.isArray(list) ? list.length : undefined,
    async *read({ signal }) {
      const lines = typeof list === "string" ? linesOf(list) : list;
      if (!checked.fetch) {
        for await (const line of lines) yield reference(line, checked);
        return;
      }
      const open: Promise<SourceItem>[] = [];
      const stop = new AbortController();
      const abort = () => stop.abort(signal.reason);
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort);
      try {
        for await (const line of lines) {
          open.push(fetched(line, checked, stop.signal));
          if (open.length >= checked.concurrency) yield (await open.shift()) as SourceItem;
        }
        for (const item of open) yield await item;
      } finally {
        signal.removeEventListener("abort", abort);
        stop.abort();
      }
    },
  };
}

async function* linesOf(path: string): AsyncGenerator<string> {
  try {
    for await (const { number, bytes } of readLines(path, maxLineBytes)) {
      if (number === 1 && (bytes?.[0] === 0xff || bytes?.[0] === 0xfe)) throw new Error("it is not UTF-8, but UTF-16");
      const text = bytes ? bytes.toString("utf8").trim() : `line ${number} of ${path}`; // too long, and refused as no URL
      if (text !== "" && !text.startsWith("#")) yield text;
    }
  } catch (error) {
    throw new SourceError("ERR_FILE_UNREADABLE", `urls: ${path}: ${describeError(error)}`, { cause: error });
  }
}

function reference(line: string, { kind }: Checked): SourceItem {
  const text = String(line).trim();
  const origin = originOf(text);
  try {
    const url = urlOf(text);
    const found = kind ?? kindOfUrl(url);
    if (found === undefined) {
      throw new InputError(
        "ERR_KIND_UNKNOWN",
        `the kind of ${text} cannot be told by its extension; pass { kind } (on the command line --kind)`,
      );
    }
    return { origin, input: { ...urlField(found, text), ...identity(url) } };
  } catch (error) {
    return { origin, error: error as Error };
  }
}

/** The address of a line, which holds one and no more. */
function urlOf(text: string): URL {
  if (/^https?:\/\/\S+\s+https?:\/\//i.test(text))
    throw new InputError("ERR_URL", "the line holds more than one address; put each on its own");
  return checkUrl(text);
}

/** What the report calls an address. */
function originOf(text: string): string {
  return withoutCredentials(text) || "(an empty address)";
}

async function fetched(line: string, options: Checked, signal: AbortSignal): Promise<SourceItem> {
  const text = String(line).trim();
  const origin = originOf(text);
  for (let attempts = 1; ; attempts += 1) {
    try {
      return { origin, input: await fetchInTime(text, options, signal) };
    } catch (error) {
      const final =
        signal.aborted || (error instanceof FlowError && !error.retryable) || attempts >= options.maxAttempts;
      if (!final) {
        await wait(retryWaitMs * 2 ** (attempts - 1), undefined, { signal }).catch(() => undefined);
        continue;
      }
      if (error instanceof FlowError) return { origin, error };
      const reason = `${text} cannot be fetched: ${describeError(error)}`;
      return { origin, error: new InputError("ERR_FETCH", reason, { cause: error }) };
    }
  }
}

/** One try, cut off by the stop of the flow or by its deadline. */
async function fetchInTime(text: string, options: Checked, signal: AbortSignal): Promise<InputDraft> {
  const url = urlOf(text);
  const { deadlineMs } = options;
  const late = () => new InputError("ERR_FETCH_DEADLINE", `${text} was not read to its end within ${deadlineMs} ms`);
  return withDeadline({ deadlineMs, signal, late }, (cut) => fetchInput(url, options, cut));
}

async function fetchInput(start: URL, options: Checked, signal: AbortSignal): Promise<InputDraft> {
  const agent = guardedAgent(options.allowPrivate);
  const { url, response } = await followRedirects(start.href, ({ origin, pathname, search }) =>
    agent.request({
      origin,
      path: `${pathname}${search}`,
      method: "GET",
      headers: { "accept-encoding": "identity", "user-agent": "sluice" },
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
      signal,
    }),
  );
  return describeFetched(url, await readLimited(response.body, url, options.kind, signal), options.kind, start);
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
  const { buffer, byteOffset } = Buffer.concat(chunks);
  return new Uint8Array(buffer, byteOffset, bytes);
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
