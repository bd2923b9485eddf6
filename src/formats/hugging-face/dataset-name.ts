/** Names of datasets on the hub: as people write them, and as URIs of their files that an opener reads. */

import { InputError, OptionsError } from "../../core/errors.js";
import { formatValue } from "../../core/util/format/format-value.js";

/** Address of the hub, unless HF_ENDPOINT or an option names another. */
export const hubEndpoint = "https://huggingface.co";
/** Revision on which the hub keeps a Parquet copy of most datasets. */
export const parquetRevision = "refs/convert/parquet";

/** A dataset, or a part of it, as a person named it. */
export interface TypedDataset {
  /** `owner/name`. */
  id: string;
  /** Branch, tag or commit; undefined for the main branch. */
  revision?: string | undefined;
  /** Folder or file in the dataset; empty for all of it. */
  path: string;
  config?: string | undefined;
  split?: string | undefined;
}

/** A dataset at one commit. */
export interface PinnedDataset {
  id: string;
  commit: string;
  endpoint: string;
}

const idForm = /^[A-Za-z0-9_][\w.-]{0,95}\/[A-Za-z0-9_][\w.-]{0,95}$/;
/** A revision with slashes, or one part. */
const revisionForm = /^(refs\/convert\/[^/]+|refs\/pr\/\d+|[^/]+)(?:\/(.*))?$/s;

/** Reads the name, the URI or the page of a dataset. `endpoint` is the address whose pages count. @throws {OptionsError} ERR_OPTIONS */
export function parseDataset(plugin: string, text: unknown, endpoint: string): TypedDataset {
  const found = typeof text === "string" ? (ofPage(text, endpoint) ?? ofName(text)) : undefined;
  if (found && idForm.test(found.id) && !hasDots(found.path)) return found;
  const forms = `owner/name, hf://datasets/owner/name@revision/path or ${endpoint}/datasets/owner/name`;
  throw new OptionsError("ERR_OPTIONS", `${plugin}: expected ${forms}, got ${formatValue(text)}`);
}

function ofName(text: string): TypedDataset | undefined {
  const isUri = /^hf:\/\//i.test(text);
  const name = text.replace(/^hf:\/\/datasets\//i, "");
  if (/^\w+:\/\//.test(name)) return undefined;
  const [, owner, rest = ""] = /^([^/@]+)\/(.+)$/s.exec(name) ?? [];
  const [, own = "", mark = "", behind = ""] = /^([^/@]*)([/@]?)(.*)$/s.exec(rest) ?? [];
  if (owner === undefined || (mark === "/" && behind !== "" && !isUri)) return undefined;
  const id = `${owner}/${own}`;
  if (mark !== "@") return { id, path: trimmed(behind) };
  const [, revision, path = ""] = revisionForm.exec(decoded(behind, /^[^/]*/)) ?? [];
  return revision === undefined ? undefined : { id, revision, path: trimmed(path) };
}

/** Reads the address of a page: the dataset, its files, or its viewer. */
function ofPage(text: string, endpoint: string): TypedDataset | undefined {
  if (!URL.canParse(text)) return undefined;
  const { origin, pathname } = new URL(text);
  if (origin !== new URL(endpoint).origin && !(endpoint === hubEndpoint && origin === "https://hf.co"))
    return undefined;
  const base = origin === new URL(endpoint).origin ? new URL(endpoint).pathname.replace(/\/+$/, "") : "";
  const [, id, page, rest = ""] =
    /^\/datasets\/([^/]+\/[^/]+)(?:\/(tree|blob|resolve|viewer)\/?(.*)|\/?)$/s.exec(pathname.slice(base.length)) ?? [];
  if (id === undefined) return undefined;
  const parts = decoded(rest, /.*/s);
  if (page === undefined) return { id, path: "" };
  if (page === "viewer") {
    const [config, split] = parts.split("/").filter((part) => part !== "");
    return { id, path: "", config, split };
  }
  const [, revision, path = ""] = revisionForm.exec(parts) ?? [];
  return { id, revision, path: trimmed(path) };
}

/** Whether a text names a dataset on the command line: by its URI, or by a page of the hub that is not one file. */
export function isDatasetName(text: string, endpoint: string): boolean {
  if (/^hf:\/\//i.test(text)) return true;
  const isPage = /^https?:\/\//i.test(text) && URL.canParse(endpoint);
  const found = isPage ? ofPage(text, endpoint) : undefined;
  return found !== undefined && !/\/(?:resolve|blob)\//.test(new URL(text).pathname);
}

/** Decodes a part of a text, as far as it is encoded. */
function decoded(text: string, part: RegExp): string {
  return text.replace(part, (found) => {
    try {
      return decodeURIComponent(found);
    } catch {
      return found;
    }
  });
}

function trimmed(path: string): string {
  return path.replace(/^\/+|\/+$/g, "");
}

function hasDots(path: string): boolean {
  return path.split("/").some((part) => part === "." || part === "..");
}

/** Encodes the path of a file for an address. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** Names a file of a dataset. The URI has no secret. */
export function fileUri({ id, commit, endpoint }: PinnedDataset, path: string): string {
  const query = endpoint === hubEndpoint ? "" : `?endpoint=${encodeURIComponent(endpoint)}`;
  return `hf://datasets/${id}@${commit}/${encodePath(path)}${query}`;
}

/** Reads the URI of a file. @throws {InputError} ERR_HF_URI */
export function parseFileUri(uri: string): PinnedDataset & { path: string } {
  const [, id = "", commit = "", path = "", query = ""] =
    /^hf:\/\/datasets\/([^/@]+\/[^/@]+)@([^/?]+)\/([^?#]+)(?:\?([^#]*))?$/i.exec(uri) ?? [];
  try {
    if (!idForm.test(id)) throw new Error("its form is hf://datasets/owner/name@commit/path");
    const decodedPath = decodeURIComponent(path);
    if (hasDots(decodedPath)) throw new Error("its path leaves the dataset");
    return { id, commit, path: decodedPath, endpoint: new URLSearchParams(query).get("endpoint") ?? hubEndpoint };
  } catch (cause) {
    throw new InputError("ERR_HF_URI", `${uri} is not the URI of a file in a dataset`, { cause });
  }
}

/** Names a file, or the folder that `path` is, for people. */
export function shownName({ id, commit }: { id: string; commit: string }, path: string): string {
  return `hf://datasets/${id}@${commit}${path === "" ? "" : `/${path}`}`;
}

/** Whether a URI names a file of a dataset. */
export function isHub(uri: string): boolean {
  return /^hf:/i.test(uri);
}
