/** A hub of datasets, with the addresses, fields and headers that its documentation and its clients name. Large files lie on another server. */

import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { serve } from "./range-server.js";

/** A dataset of the server. */
export interface HubDataset {
  files: Record<string, Buffer>;
  /** The YAML block of its card. */
  card?: object;
  /** Whether only the token may read it. */
  isPrivate?: boolean;
  isGated?: boolean;
  /** Names that redirect to this one. */
  oldName?: string;
  /** Files of other revisions. */
  revisions?: Record<string, Record<string, Buffer>>;
}

export interface HubFaults {
  /** Number of requests that are refused with 429. */
  limited?: number;
  /** Headers of these refusals. */
  limitHeaders?: Record<string, string>;
  /** Body bytes after which a file breaks off, and how often. */
  breaksAfter?: number;
  breaks?: number;
  /** Where the files of one page end. */
  pageSize?: number;
  /** Origin of the next page, in place of the hub's. */
  nextOrigin?: string;
}

export interface HubServer {
  url: string;
  /** Address of the server that has the large files. */
  cdn: string;
  datasets: Map<string, HubDataset>;
  /** Paths of all requests to the hub. */
  requests: string[];
  /** Requests for bytes of files on the other server. */
  reads: string[];
  /** Requests to the other server that had a credential. */
  leaks: string[];
}

export const hubToken = "hf_testtoken";
/** Larger files lie on the other server. */
const largeBytes = 1000;
const hashOf = (algorithm: string, bytes: Buffer | string) => createHash(algorithm).update(bytes).digest("hex");

/** Returns the commit of a state of a dataset. */
export function commitOf(files: Record<string, Buffer>): string {
  const names = Object.entries(files).map(([name, bytes]) => `${name} ${hashOf("sha1", bytes)}`);
  return hashOf("sha1", names.join("\n"));
}

/** Starts a hub until the end of the test. */
export async function openHub(datasets: Record<string, HubDataset>, faults: HubFaults = {}): Promise<HubServer> {
  const server: HubServer = {
    url: "",
    cdn: "",
    datasets: new Map(Object.entries(datasets)),
    requests: [],
    reads: [],
    leaks: [],
  };
  const state = { limited: faults.limited ?? 0, breaks: faults.breaks ?? 0 };
  const large = new Map<string, Buffer>();
  const sendRange = (request: IncomingMessage, response: ServerResponse, bytes: Buffer, headers: object) => {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const end = Math.min(Number(last ?? bytes.length - 1), bytes.length - 1);
    const part = bytes.subarray(Number(first ?? 0), end + 1);
    const range = first !== undefined && { "content-range": `bytes ${first}-${end}/${bytes.length}` };
    response.writeHead(range ? 206 : 200, { ...headers, ...range, "content-length": part.length });
    if (faults.breaksAfter !== undefined && part.length > faults.breaksAfter && state.breaks > 0) {
      state.breaks -= 1;
      response.write(part.subarray(0, faults.breaksAfter), () => setImmediate(() => response.destroy()));
    } else response.end(part);
  };
  server.cdn = await serve((request, response) => {
    const url = new URL(request.url ?? "", "http://cdn");
    if (request.headers.authorization !== undefined) server.leaks.push(url.pathname);
    const bytes = large.get(url.pathname.slice(1));
    if (!bytes || !url.searchParams.has("X-Amz-Signature")) return response.writeHead(403).end();
    server.reads.push(`${url.pathname.slice(1, 9)} ${request.headers.range ?? "all"}`);
    return sendRange(request, response, bytes, { etag: `"${url.pathname.slice(1)}"` });
  });
  server.url = await serve((request, response) => {
    const refuse = (status: number, code?: string, headers: Record<string, string> = {}) => {
      const error = code === undefined ? {} : { "x-error-code": code, "x-error-message": `${code} (message)` };
      response.writeHead(status, { "content-type": "application/json", ...error, ...headers });
      return response.end(JSON.stringify({ error: code ?? "Invalid credentials in Authorization header" }));
    };
    server.requests.push(request.url ?? "");
    if (state.limited > 0) {
      state.limited -= 1;
      return refuse(429, undefined, faults.limitHeaders);
    }
    const url = new URL(request.url ?? "", "http://hub");
    const form = /^\/(api\/)?datasets\/([^/]+\/[^/]+)\/(revision|tree|resolve)\/([^/]+)(?:\/(.*))?$/.exec(url.pathname);
    if (!form) return refuse(404);
    const [, , id = "", verb, encoded = "", below = ""] = form;
    const renamed = [...server.datasets].find(([, { oldName }]) => oldName === id);
    if (renamed) return response.writeHead(307, { location: url.href.slice(10).replace(id, renamed[0]) }).end();
    const { authorization } = request.headers;
    const isKnown = authorization === `Bearer ${hubToken}`;
    if (authorization !== undefined && !isKnown) return refuse(401);
    const dataset = server.datasets.get(id);
    if (!dataset || (dataset.isPrivate && !isKnown)) return refuse(isKnown ? 404 : 401, "RepoNotFound");
    if (dataset.isGated && verb === "resolve") return refuse(isKnown ? 403 : 401, "GatedRepo");
    const states = { main: dataset.files, ...dataset.revisions };
    const revision = decodeURIComponent(encoded);
    const files = Object.entries(states).find(([name, state]) => [name, commitOf(state)].includes(revision))?.[1];
    if (!files) return refuse(404, "RevisionNotFound");
    const path = decodeURIComponent(below);
    const json = (value: unknown, headers = {}) =>
      response
        .writeHead(200, { "content-type": "application/json; charset=utf-8", ...headers })
        .end(JSON.stringify(value));
    if (verb === "revision") {
      const whole = { _id: "1", id, sha: commitOf(files), private: dataset.isPrivate === true, cardData: dataset.card };
      const keys = ["_id", "id", ...url.searchParams.getAll("expand")];
      return json(Object.fromEntries(Object.entries(whole).filter(([key]) => keys.includes(key))));
    }
    if (verb === "tree") {
      const base = path === "" ? "" : `${path}/`;
      const inside = Object.keys(files).filter((name) => name.startsWith(base));
      if (inside.length === 0) return refuse(404, "EntryNotFound");
      const isDeep = url.searchParams.get("recursive") === "true";
      const entries = inside.flatMap((name) => {
        const rest = name.slice(base.length);
        if (!isDeep && rest.includes("/")) return [];
        const bytes = files[name] as Buffer;
        const lfs = { oid: hashOf("sha256", bytes), size: bytes.length, pointerSize: 134 };
        const file = { type: "file", oid: hashOf("sha1", bytes), size: bytes.length, path: name };
        return [bytes.length > largeBytes ? { ...file, lfs, xetHash: lfs.oid } : file];
      });
      const folders = new Set(
        inside
          .map((name) => name.slice(base.length).split("/"))
          .filter((parts) => parts.length > 1)
          .map(([first]) => `${base}${first}`),
      );
      const all = [...[...folders].map((name) => ({ type: "directory", oid: "0", size: 0, path: name })), ...entries];
      const at = Number(url.searchParams.get("cursor") ?? 0);
      const end = at + (faults.pageSize ?? 1000);
      const next = `${faults.nextOrigin ?? server.url}${url.pathname}?recursive=${isDeep}&cursor=${end}`;
      return json(all.slice(at, end), end < all.length ? { link: `<${next}>; rel="next"` } : {});
    }
    const bytes = files[path];
    if (!bytes) return refuse(404, "EntryNotFound");
    const commit = { "x-repo-commit": commitOf(files) };
    const oid = hashOf("sha256", bytes);
    if (bytes.length <= largeBytes)
      return sendRange(request, response, bytes, { ...commit, etag: `"${hashOf("sha1", bytes)}"` });
    large.set(oid, bytes);
    const location = `${server.cdn}/${oid}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=cdnsecret&X-Amz-Credential=x`;
    const linked = { "x-linked-size": `${bytes.length}`, "x-linked-etag": `"${oid}"`, location };
    return response.writeHead(302, { ...commit, ...linked }).end();
  });
  return server;
}
