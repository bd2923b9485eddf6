/** Asks the hub for the commit and the files of a dataset. */

import type { Dispatcher } from "undici";
import { InputError } from "../../core/errors.js";
import { isObject } from "../../core/util/json/json-values.js";
import type { HubAccess } from "./access.js";
import { askHub } from "./client.js";
import { encodePath, type PinnedDataset, shownName, type TypedDataset } from "./dataset-name.js";

/** A file of a dataset. */
export interface HubFile {
  /** Path in the dataset. */
  path: string;
  sizeBytes: number;
  /** Hash of its content. */
  hash: string;
}

/** A dataset at the commit of its revision, with the data of its card. */
export interface FoundDataset extends PinnedDataset {
  /** The YAML block of its README. */
  card: { readonly [key: string]: unknown };
}

/** Most bytes of an answer: a page has 1000 files. */
const maxBytes = 20_000_000;

/** Finds the commit of a revision. @throws {InputError} ERR_HF_… */
export async function findDataset(
  access: HubAccess,
  { id, revision = "main" }: TypedDataset,
  signal: AbortSignal,
): Promise<FoundDataset> {
  const { endpoint } = access;
  const what = shownName({ id, commit: revision }, "");
  const url = `${endpoint}/api/datasets/${id}/revision/${encodeURIComponent(revision)}?expand=sha&expand=cardData`;
  const { value } = await jsonOf(access, { id, what, url, signal });
  const { sha, id: own, cardData } = isObject(value) ? value : {};
  if (typeof sha !== "string" || !/^[0-9a-f]{40,64}$/i.test(sha)) throw noAnswer(what, "it names no commit (sha)");
  // The hub answers an old name with the present one, so ids do not depend on which was typed.
  const name = typeof own === "string" && /^[\w.-]+\/[\w.-]+$/.test(own) ? own : id;
  return { id: name, commit: sha, endpoint, card: isObject(cardData) ? cardData : {} };
}

/** Yields the files below a path of a dataset, page by page. @throws {InputError} ERR_HF_… */
export async function* listTree(
  access: HubAccess,
  dataset: PinnedDataset,
  { path, recursive, signal }: { path: string; recursive: boolean; signal: AbortSignal },
): AsyncGenerator<HubFile, void> {
  const { id, commit, endpoint } = dataset;
  const what = shownName(dataset, path);
  const below = path === "" ? "" : `/${encodePath(path)}`;
  let url: string | undefined = `${endpoint}/api/datasets/${id}/tree/${commit}${below}?recursive=${recursive}`;
  const seen = new Set<string>();
  while (url !== undefined) {
    seen.add(url);
    const { value, next }: Answer = await jsonOf(access, { id, what, url, signal });
    if (!Array.isArray(value)) throw noAnswer(what, "it is not a list of files");
    for (const entry of value) {
      const file = fileOf(entry, what);
      if (file) yield file;
    }
    if (next !== undefined && new URL(next).origin !== new URL(endpoint).origin)
      throw noAnswer(what, `its next page is on another server, ${new URL(next).origin}`);
    if (next !== undefined && seen.has(next)) throw noAnswer(what, "it repeats a page, so it has no end");
    url = next;
  }
}

interface Answer {
  value: unknown;
  /** Address of the next page. */
  next: string | undefined;
}

function jsonOf(
  access: HubAccess,
  request: { id: string; what: string; url: string; signal: AbortSignal },
): Promise<Answer> {
  const headers = { accept: "application/json" };
  return askHub(access, { ...request, headers }, async (response) => {
    const text = await textOf(response, request.what);
    try {
      return { value: JSON.parse(text) as unknown, next: nextIn(response.headers.link, request.url) };
    } catch (error) {
      throw noAnswer(
        request.what,
        `it is not JSON; its type is ${String(response.headers["content-type"] ?? "not given")}`,
        error,
      );
    }
  });
}

async function textOf({ body }: Dispatcher.ResponseData, what: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) throw noAnswer(what, `it has more than ${maxBytes} bytes`);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Returns the address of the next page, from a header such as `<https://…?cursor=…>; rel="next"`. */
function nextIn(header: string | string[] | undefined, base: string): string | undefined {
  for (const link of [header ?? []].flat().flatMap((text) => text.split(/,(?=\s*<)/))) {
    const [, target, parameters = ""] = /^\s*<([^>]*)>(.*)$/s.exec(link) ?? [];
    if (target !== undefined && /;\s*rel="?next\b/i.test(parameters)) return new URL(target, base).href;
  }
  return undefined;
}

/** Reads an entry; undefined for a folder. A large file has its size and hash in `lfs`. @throws {InputError} ERR_HF_ANSWER */
function fileOf(entry: unknown, what: string): HubFile | undefined {
  const { type, path, size, oid, lfs } = isObject(entry) ? entry : {};
  if (type === "directory") return undefined;
  const large = isObject(lfs) ? lfs : {};
  const sizeBytes = large.size ?? size;
  const isFile =
    typeof path === "string" && path !== "" && Number.isSafeInteger(sizeBytes) && (sizeBytes as number) >= 0;
  if (!isFile) throw noAnswer(what, "an entry of it has no path or no size");
  if (path.split("/").some((part) => part === "" || part === "." || part === ".."))
    throw noAnswer(what, `the path ${JSON.stringify(path)} leaves the dataset`);
  return { path, sizeBytes: sizeBytes as number, hash: String(large.oid ?? oid ?? "") };
}

function noAnswer(what: string, fact: string, cause?: unknown): InputError {
  const text = `${what}: the answer of the hub is not valid: ${fact}; is the endpoint that of a hub?`;
  return new InputError("ERR_HF_ANSWER", text, { cause });
}
