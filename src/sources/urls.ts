/** Source: a list of URLs, by reference or fetched. */

import { setMaxListeners } from "node:events";
import * as z from "zod";
import { IdsInRun } from "../core/accounting/ids-in-run.js";
import type { SameId } from "../core/accounting/tracking.js";
import { describeError, FlowError, InputError, OptionsError, SourceError } from "../core/errors.js";
import { readLines } from "../core/files/lines.js";
import { kindOfUrl, urlField } from "../core/input/detect/names.js";
import { idFromPath, idOfBytes } from "../core/input/ids.js";
import type { Content, InputDraft } from "../core/input/input.js";
import { kinds, mediaKinds } from "../core/input/kinds.js";
import { checkUrl } from "../core/net/guarded-fetch.js";
import { HostGates } from "../core/net/host-limits.js";
import { checkHeaders } from "../core/net/request-headers.js";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { SourceItem } from "../core/plugin/source.js";
import { redactUrl, withoutSignature } from "../core/redact-urls.js";
import { isObject } from "../core/util/json-values.js";
import { linkAborts } from "../core/util/link-aborts.js";
import { inOrder, type Slot } from "./urls/fetch-queue.js";
import { fetchUrl } from "./urls/fetch-url.js";

type IdOf = (url: string) => string;

const Options = z.strictObject({
  /** Kind of what the URLs point to; with `fetch`, everything else fails. Default: by the extension; with `fetch`, by the content. */
  kind: z.enum(kinds).optional(),
  /** Fetches here and sends the bytes; without it the platform fetches. Default: false. */
  fetch: z.boolean().default(false),
  /**
   * What ids are made of. "url": the URL without the signature that object stores and content networks add. "content": the bytes, with `fetch`. Or a
   * function of the URL without its signature. Default: "url".
   */
  ids: z.union([z.enum(["url", "content"]), z.custom<IdOf>((value) => typeof value === "function")]).default("url"),
  /**
   * Request headers for fetching, such as `{ authorization: "Bearer …" }`. They go to the origin of each URL, and nowhere else after a redirect. They are
   * in no report and no record. Default: none.
   */
  headers: z
    .custom<Record<string, string>>(isObject, "expected an object of names and texts, received something else")
    .default({}),
  /** Most fetches at once; they run ahead of the flow by no more than this. Default: 4. */
  concurrency: z.number().int().min(1).max(64).default(4),
  /** Longest wait for an answer, and between two pieces of it, in milliseconds. Default: 30,000. */
  timeoutMs: z.number().positive().default(30_000),
  /** Longest time for one try as a whole, in milliseconds; it ends a server that sends for ever. Default: 600,000. */
  deadlineMs: z.number().positive().default(600_000),
  /** Times that a fetch is tried when the server or the way to it fails. Refusals that ask to wait do not count. Default: 3. */
  maxAttempts: z.number().int().min(1).default(3),
  /**
   * Longest time for which a host may refuse (429, or Retry-After), in milliseconds. It is left alone for as long as it asks; a wait that would end later
   * fails at once. Default: 300,000.
   */
  retryForMs: z.number().min(0).default(300_000),
  /** Fetches from private, loopback and link-local addresses too. Default: false. */
  allowPrivate: z.boolean().default(false),
});
/** Options of `urls`. */
export type UrlsOptions = OptionsOf<typeof Options>;
type Checked = z.output<typeof Options>;

/** Longest line of a list, in bytes. */
const maxLineBytes = 1_000_000;

/** One line of a list, or one entry of an iterable. */
interface Line {
  text: string;
  /** From 1. */
  number: number;
}

/**
 * Yields one input for each URL of a list, an iterable, or a text file with one URL a line (empty lines and lines that begin with `#` are ignored).
 * By reference the platform fetches; with `fetch: true` the bytes are fetched here, up to the limit of their kind.
 *
 * Keeps order, but for fetches whose host asks to wait: others pass by. A URL that cannot be fetched, is invalid, or whose kind is unknown fails alone. A
 * web page, XML or JSON where an image, video or audio file is expected fails. A URL that comes twice is skipped, naming the first. Fetching refuses
 * addresses that are not public, checks every redirect anew, and sends no credentials but the `headers` of the options. An early stop cuts open fetches.
 *
 * Signatures of URLs (`X-Amz-…`, `X-Goog-…`, SAS, CloudFront) are not part of ids, metadata and reports.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_FILE_UNREADABLE when the list cannot be read
 * @example await flow(urls(["https://samples.clarifai.com/metro-north.jpg"])).pipe(batch(), upload(app)).run();
 */
export const urls = defineSource({
  name: "urls",
  parse(list: string | Iterable<string> | AsyncIterable<string>, options: UrlsOptions = {}) {
    if (typeof list !== "object" || list === null) checkPath("urls", list);
    const checked = parseOptions("urls", Options, options);
    checkFetchOptions(checked);
    return { list, ...checked, headers: checkHeaders("urls", checked.headers) };
  },
  total: ({ list }) => (Array.isArray(list) ? list.length : undefined),
  async *read({ list, ...options }, { signal }) {
    const lines = typeof list === "string" ? linesOf(list) : entriesOf(list);
    const repeats = new Repeats(typeof list === "string" ? "line" : "entry");
    if (!options.fetch) {
      for await (const line of lines) yield reference(line, options, repeats);
      return;
    }
    const { controller: stop, unlink } = linkAborts(signal);
    setMaxListeners(0, stop.signal); // every fetch and every wait listens to it
    const hosts = new HostGates({ maxOpen: options.concurrency, patienceMs: options.retryForMs });
    const start = (line: Line, slot: Slot) => fetched(line, options, repeats, { hosts, slot, signal: stop.signal });
    try {
      yield* inOrder(lines, start, options.concurrency, stop.signal);
    } finally {
      unlink();
      stop.abort();
      void lines.return(undefined).catch(() => undefined); // a list that never answers is not waited for
    }
  },
});

/** The platform fetches without headers of ours, and ids of what it fetches are needed before. @throws {OptionsError} ERR_OPTIONS */
function checkFetchOptions({ fetch, ids, headers }: Checked): void {
  const named = ids === "content" ? 'ids: "content"' : Object.keys(headers).length > 0 ? "headers" : undefined;
  if (fetch || named === undefined) return;
  const hint = "the platform fetches by itself otherwise; pass fetch: true (on the command line --fetch)";
  throw new OptionsError("ERR_OPTIONS", `urls: ${named} is for URLs that are fetched here; ${hint}`);
}

async function* linesOf(path: string): AsyncGenerator<Line> {
  try {
    for await (const { number, bytes } of readLines(path, maxLineBytes)) {
      if (number === 1 && (bytes?.[0] === 0xff || bytes?.[0] === 0xfe)) throw new Error("it is not UTF-8, but UTF-16");
      const text = bytes ? bytes.toString("utf8").trim() : `line ${number} of ${path}`; // too long, and refused as no URL
      if (text !== "" && !text.startsWith("#")) yield { text, number };
    }
  } catch (error) {
    throw new SourceError("ERR_FILE_UNREADABLE", `urls: ${path}: ${describeError(error)}`, { cause: error });
  }
}

async function* entriesOf(list: Iterable<string> | AsyncIterable<string>): AsyncGenerator<Line> {
  let number = 0;
  for await (const entry of list) {
    number += 1;
    yield { text: String(entry).trim(), number };
  }
}

/** URLs that came before, with signatures or without. */
class Repeats {
  readonly #word: string;
  readonly #first = new IdsInRun();

  constructor(word: "line" | "entry") {
    this.#word = word;
  }

  /** The item of a URL that came before; undefined for a new one. */
  of(url: URL, { text, number }: Line, { ids }: Checked): SourceItem | undefined {
    if (ids === "content") return undefined; // the same address may have another content each time
    const before = this.#first.claim(withoutSignature(url.href), `${this.#word} ${number}`, number);
    return before && { origin: originOf(text), skipped: `the same URL as ${before.origin}` };
  }
}

function reference(line: Line, options: Checked, repeats: Repeats): SourceItem {
  const { text } = line;
  const origin = originOf(text);
  try {
    const url = urlOf(text);
    const found = options.kind ?? kindOfUrl(url);
    if (found === undefined) {
      const hint = "pass { kind } (on the command line --kind)";
      throw new InputError("ERR_KIND_UNKNOWN", `the kind of ${origin} cannot be told by its extension; ${hint}`);
    }
    return repeats.of(url, line, options) ?? itemOf(origin, urlField(found, text), url, options);
  } catch (error) {
    return failed(origin, error);
  }
}

async function fetched(
  line: Line,
  options: Checked & { headers: Record<string, string> },
  repeats: Repeats,
  context: { hosts: HostGates; slot: Slot; signal: AbortSignal },
): Promise<SourceItem> {
  const origin = originOf(line.text);
  try {
    const url = urlOf(line.text);
    return repeats.of(url, line, options) ?? itemOf(origin, await fetchUrl(url, options, context), url, options);
  } catch (error) {
    return failed(origin, error);
  }
}

function failed(origin: string, error: unknown): SourceItem {
  if (error instanceof FlowError) return { origin, error };
  return { origin, error: new InputError("ERR_ITEM", describeError(error), { cause: error }) };
}

/** The URL of a line, which holds one and no more. */
function urlOf(text: string): URL {
  if (/^https?:\/\/\S+\s+https?:\/\//i.test(text))
    throw new InputError("ERR_URL", "the line holds more than one address; put each on its own");
  if (text !== "" && !text.includes(":") && !URL.canParse(text)) {
    throw new InputError("ERR_URL", `"${redactUrl(text).slice(0, 200)}" is not a whole URL; write it with https://`);
  }
  if (/^file:/i.test(text)) {
    const hint = 'files are read with folder(path), or named in a CSV: csv(path, { input: "file" })';
    throw new InputError(
      "ERR_URL_SCHEME",
      `"${text.slice(0, 200)}" is a file on this machine, not http or https; ${hint}`,
    );
  }
  return checkUrl(text);
}

/** What the report calls an address. */
function originOf(text: string): string {
  return redactUrl(text) || "(an empty address)";
}

/** An item with its id, and the name from the last part of the URL. */
function itemOf(origin: string, draft: InputDraft, url: URL, { ids }: Checked): SourceItem {
  const name = url.pathname.split("/").at(-1);
  const address = withoutSignature(url.href);
  const metadata = { url: address, ...(name ? { filename: safeDecode(name) } : {}) };
  const id = typeof ids === "function" ? ids(address) : ids === "content" ? idOfDraft(draft) : idFromPath(address);
  const sameId: SameId | undefined = typeof ids === "function" ? undefined : "duplicate";
  return { origin, input: { ...draft, id, metadata }, sameId };
}

function idOfDraft(draft: InputDraft): string {
  const media = mediaKinds.map((kind) => draft[kind] as Content | undefined).find((content) => content !== undefined);
  return idOfBytes(media && "bytes" in media ? media.bytes : Buffer.from(String(draft.text)));
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
