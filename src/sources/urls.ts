/** Source: a list of URLs, by reference or fetched. */

import { setMaxListeners } from "node:events";
import * as z from "zod";
import { IdsInRun } from "../core/accounting/ids/ids-in-run.js";
import type { SameId } from "../core/accounting/tracking.js";
import { describeError, FlowError, InputError, OptionsError, SourceError } from "../core/errors.js";
import { readLines } from "../core/files/lines.js";
import { kindOfUrl, urlField } from "../core/input/detect/names.js";
import { idFromPath, idOfBytes } from "../core/input/ids.js";
import type { Content, InputDraft } from "../core/input/input.js";
import { kinds, mediaKinds } from "../core/input/kinds.js";
import { checkUrl } from "../core/net/guarded-fetch.js";
import { HostGates } from "../core/net/host-limits.js";
import { proxiesOf } from "../core/net/proxy/proxies.js";
import { checkHeaders } from "../core/net/request-headers.js";
import { datasetsOption } from "../core/plugin/datasets-option.js";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { type MaybePromise, otherShard, type SourceItem } from "../core/plugin/source.js";
import { redactUrl, withoutSignature } from "../core/redact-urls.js";
import { isObject } from "../core/util/json/json-values.js";
import { linkAborts } from "../core/util/link-aborts.js";
import { whenThere } from "../core/util/thenable.js";
import { inOrder, type Slot } from "./urls/fetch-queue.js";
import { type FetchOptions, fetchUrl } from "./urls/fetch-url.js";

type IdOf = (url: string) => string;

const optionFields = {
  /** Kind of the contents. With `fetch`, a content of another kind fails. Default: by the extension; with `fetch`, by the content. */
  kind: z.enum(kinds).optional(),
  /** Fetches the contents in this process and sends their bytes. Default: false, and the platform fetches them. */
  fetch: z.boolean().default(false),
  /**
   * Source of ids. "url": the URL without the signature that object stores and content networks add. "content": the bytes; needs `fetch`. Or a function
   * of the URL without its signature. Default: "url".
   */
  ids: z.union([z.enum(["url", "content"]), z.custom<IdOf>((value) => typeof value === "function")]).default("url"),
  /** Datasets that every input joins. */
  datasets: datasetsOption,
  /**
   * Request headers for fetching, such as `{ authorization: "Bearer …" }`. They are sent to the origin of each URL only, also after a redirect. No report
   * and no record contains them. Default: none.
   */
  headers: z
    .custom<Record<string, string>>(isObject, "expected an object of names and texts, received something else")
    .default({}),
  /** Maximum number of fetches at once, 1 to 64. Fetches run ahead of the flow by no more than this number. Default: 4. */
  concurrency: z.number().int().min(1).max(64).default(4),
  /** Longest wait for a response, and between two of its chunks, in milliseconds. Default: 30,000. */
  timeoutMs: z.number().positive().default(30_000),
  /** Longest time for one attempt as a whole, in milliseconds. It bounds a response that never ends. Default: 600,000. */
  deadlineMs: z.number().positive().default(600_000),
  /** Maximum number of attempts of a fetch when the server or the connection fails. Responses that ask the client to wait do not count. Default: 3. */
  maxAttempts: z.number().int().min(1).default(3),
  /**
   * Longest time for which a host may refuse requests (429, or Retry-After), in milliseconds. The source waits as long as the host asks; a wait that would
   * exceed this time fails at once. Default: 300,000.
   */
  retryForMs: z.number().min(0).default(300_000),
  /** Also fetches from private, loopback and link-local addresses. Default: false. */
  allowPrivate: z.boolean().default(false),
  /** HTTP proxy for `fetch`, as in `connect`; false for none. Default: HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
  proxy: z.union([z.string().min(1), z.literal(false)]).optional(),
};
const Options = z.strictObject(optionFields);
/** Options of `urls`. */
export type UrlsOptions = OptionsOf<typeof optionFields>;
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
 * Yields one input for each URL of an array, another iterable, or a text file with one URL per line. Empty lines and lines that begin with `#` are
 * ignored. By default, the platform fetches the URLs. With `fetch: true`, this process fetches their bytes, up to the limit of their kind.
 *
 * Keeps order, except that other fetches overtake a fetch whose host asks it to wait. A URL that is invalid, cannot be fetched, or has an unknown kind
 * fails alone. A web page, XML or JSON in place of an image, video or audio file fails. A repeated URL is skipped, and the reason names the first one.
 * Fetching refuses addresses that are not public, checks each redirect, and sends no credentials except `headers`. An early stop aborts open fetches.
 *
 * Signatures in URLs (`X-Amz-…`, `X-Goog-…`, SAS, CloudFront) are removed from ids, metadata and reports.
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
    const proxyFor = checked.fetch ? proxiesOf("urls", checked.proxy) : undefined;
    return { list, ...checked, proxyFor, headers: checkHeaders("urls", checked.headers) };
  },
  from: ({ list }) => (typeof list === "string" ? list : undefined),
  total: ({ list }) => (Array.isArray(list) ? list.length : undefined),
  async *read({ list, ...options }, { signal, isOtherShard }) {
    const lines = typeof list === "string" ? linesOf(list) : entriesOf(list);
    const repeats = new Repeats(typeof list === "string" ? "line" : "entry");
    // Makes the item of a URL, unless it belongs to another shard.
    const own = (line: Line, make: () => MaybePromise<SourceItem>): MaybePromise<SourceItem> => {
      const shardKey = isOtherShard && shardKeyOf(line, options);
      if (shardKey === undefined) return make();
      if (isOtherShard?.(shardKey)) return { origin: originOf(line.text), skipped: otherShard };
      return whenThere(make(), (item): SourceItem => ({ ...item, shardKey }));
    };
    if (!options.fetch) {
      for await (const line of lines) yield own(line, () => reference(line, options, repeats));
      return;
    }
    const { controller: stop, unlink } = linkAborts(signal);
    setMaxListeners(0, stop.signal); // every fetch and every wait adds a listener
    const hosts = new HostGates({ maxOpen: options.concurrency, patienceMs: options.retryForMs });
    const start = async (line: Line, slot: Slot) =>
      own(line, () => fetched(line, options, repeats, { hosts, slot, signal: stop.signal }));
    try {
      yield* inOrder(lines, start, options.concurrency, stop.signal);
    } finally {
      unlink();
      stop.abort();
      void lines.return(undefined).catch(() => undefined); // not awaited, because the iterable may never answer
    }
  },
});

/** Refuses options that need `fetch`: the platform fetches without these headers, and after the ids are made. @throws {OptionsError} ERR_OPTIONS */
function checkFetchOptions({ fetch, ids, headers, proxy }: Checked): void {
  const needs = { 'ids: "content"': ids === "content", headers: Object.keys(headers).length > 0, proxy: !!proxy };
  const [named] = Object.entries(needs).find(([, isSet]) => isSet) ?? [];
  if (fetch || named === undefined) return;
  throw new OptionsError("ERR_OPTIONS", `urls: ${named} needs fetch: true (on the command line --fetch)`);
}

async function* linesOf(path: string): AsyncGenerator<Line> {
  try {
    for await (const { number, bytes } of readLines(path, maxLineBytes)) {
      if (number === 1 && (bytes?.[0] === 0xff || bytes?.[0] === 0xfe)) throw new Error("it is not UTF-8, but UTF-16");
      const text = bytes ? bytes.toString("utf8").trim() : `line ${number} of ${path}`; // for a line that is too long, which then fails as an invalid URL
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

/** Recognizes URLs that were read before, with or without their signatures. */
class Repeats {
  readonly #word: string;
  readonly #first = new IdsInRun();

  constructor(word: "line" | "entry") {
    this.#word = word;
  }

  /** Returns the skipped item of a repeated URL; undefined for a new one. */
  of(url: URL, { text, number }: Line, { ids }: Checked): SourceItem | undefined {
    if (ids === "content") return undefined; // one address may return different content each time
    const before = this.#first.claim(withoutSignature(url.href), `${this.#word} ${number}`, number);
    return before && { origin: originOf(text), skipped: `the same URL as ${before.origin}` };
  }
}

/**
 * Returns what decides the shard of a URL before it is fetched: its id, or the id of its address if that of the bytes is used. Undefined for a line that fails
 * without a fetch.
 */
function shardKeyOf({ text }: Line, { ids }: Checked): string | undefined {
  try {
    const address = withoutSignature(urlOf(text).href);
    const id: unknown = typeof ids === "function" ? ids(address) : idFromPath(address);
    return typeof id === "string" ? id : undefined;
  } catch {
    return undefined; // the item reports the error
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
      throw new InputError("ERR_KIND_UNKNOWN", `the extension of ${origin} does not name a kind; ${hint}`);
    }
    return repeats.of(url, line, options) ?? itemOf(origin, urlField(found, text), url, options);
  } catch (error) {
    return failed(origin, error);
  }
}

async function fetched(
  line: Line,
  options: Checked & Pick<FetchOptions, "headers" | "proxyFor">,
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

/** Parses the one URL of a line. @throws {InputError} ERR_URL, ERR_URL_SCHEME */
function urlOf(text: string): URL {
  if (/^https?:\/\/\S+\s+https?:\/\//i.test(text))
    throw new InputError("ERR_URL", "the line has more than one URL; put each on a line of its own");
  if (text !== "" && !text.includes(":") && !URL.canParse(text)) {
    throw new InputError("ERR_URL", `"${redactUrl(text).slice(0, 200)}" is not a complete URL; begin it with https://`);
  }
  if (/^file:/i.test(text)) {
    const hint = 'read files with folder(path), or name them in a CSV: csv(path, { input: "file" })';
    throw new InputError(
      "ERR_URL_SCHEME",
      `"${text.slice(0, 200)}" is a file on this machine, not http or https; ${hint}`,
    );
  }
  return checkUrl(text);
}

/** Returns the origin of an input: its URL without secrets. */
function originOf(text: string): string {
  return redactUrl(text) || "(an empty address)";
}

/** Makes an item with its id, and with the last part of the URL as its file name. */
function itemOf(origin: string, draft: InputDraft, url: URL, { ids, datasets }: Checked): SourceItem {
  const name = url.pathname.split("/").at(-1);
  const address = withoutSignature(url.href);
  const metadata = { url: address, ...(name ? { filename: safeDecode(name) } : {}) };
  const id = typeof ids === "function" ? ids(address) : ids === "content" ? idOfDraft(draft) : idFromPath(address);
  const sameId: SameId | undefined = typeof ids === "function" ? undefined : "duplicate";
  const joined = datasets.length > 0 ? { datasets } : {};
  return { origin, input: { ...draft, id, metadata, ...joined }, sameId };
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
