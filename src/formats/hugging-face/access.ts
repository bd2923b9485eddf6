/** How this process reaches the hub. Openers find it by endpoint and dataset, since a URI has no secrets. */

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { InputError, OptionsError } from "../../core/errors.js";
import { isLoopbackHost } from "../../core/net/addresses.js";
import { Network } from "../../core/net/network.js";
import { type ProxyFor, proxiesOf } from "../../core/net/proxy/proxies.js";
import { redactUrl } from "../../core/redact-urls.js";
import { hubEndpoint } from "./dataset-name.js";

/** A token, and where it was found. */
export interface HubToken {
  value: string;
  /** For error texts: `the option token`, `HF_TOKEN`. */
  from: string;
}

/** Everything that a request to the hub needs. */
export interface HubAccess {
  /** Address of the hub, without a slash at its end. */
  endpoint: string;
  token: HubToken | undefined;
  network: Network;
  proxyFor: ProxyFor | undefined;
}

export interface AccessOptions {
  /** The token; false for none. */
  token?: string | false | undefined;
  endpoint?: string | undefined;
}

const known = new Map<string, HubAccess>();
/** Endpoints that the program named. Only they get requests. */
const endpoints = new Set<string>();
let shared: { network: Network; proxyFor: ProxyFor | undefined } | undefined;

/** Makes the access to the hub from the options of a plugin and the environment. @throws {OptionsError} ERR_OPTIONS */
export function makeAccess(plugin: string, options: AccessOptions): HubAccess {
  const endpoint = options.endpoint === undefined ? configuredEndpoint() : checkEndpoint(plugin, options.endpoint);
  endpoints.add(endpoint);
  const token =
    typeof options.token === "string" ? checkToken({ value: options.token, from: "the option token" }) : undefined;
  return {
    endpoint,
    token: forEndpoint(endpoint, options.token === undefined ? tokenOfMachine() : token),
    ...network(),
  };
}

/** Records how the files of a dataset are read in this process. A later access to the same dataset replaces it. */
export function addAccess(id: string, access: HubAccess): void {
  known.set(`${access.endpoint} ${id}`, access);
}

/**
 * Returns the access for a file: that of the plugin in this process that named the dataset, else one with the token of the environment. Requests go only to
 * the hub, and to endpoints that this program or its environment names.
 *
 * @throws {InputError} ERR_HF_ENDPOINT
 */
export function accessTo({ id, endpoint }: { id: string; endpoint: string }): HubAccess {
  const found = known.get(`${endpoint} ${id}`);
  if (found) return found;
  if (endpoint !== hubEndpoint && endpoint !== configuredEndpoint() && !endpoints.has(endpoint)) {
    const step = `set HF_ENDPOINT=${endpoint} if it is yours`;
    throw new InputError("ERR_HF_ENDPOINT", `${id} is at ${endpoint}, which this program does not know; ${step}`);
  }
  const access = { endpoint, token: forEndpoint(endpoint, tokenOfMachine()), ...network() };
  addAccess(id, access);
  return access;
}

/** Returns the address of the hub by the environment. @throws {OptionsError} ERR_OPTIONS */
export function configuredEndpoint(): string {
  const { HF_ENDPOINT } = process.env;
  return HF_ENDPOINT ? checkEndpoint("HF_ENDPOINT", HF_ENDPOINT) : hubEndpoint;
}

function network() {
  if (!shared) {
    const proxyFor = proxiesOf("huggingFace", undefined);
    shared = { network: new Network({ proxyFor }), proxyFor };
  }
  return shared;
}

function checkEndpoint(name: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "";
  if (isPlain && url.username === "" && url.password === "") return url.href.replace(/\/+$/, "");
  const expected = "expected an address such as https://hub.example, without user, query and fragment";
  throw new OptionsError("ERR_OPTIONS", `${name}: ${expected}, got "${redactUrl(text)}"`);
}

/** Refuses to send a token in plain text to another machine. @throws {OptionsError} ERR_OPTIONS */
function forEndpoint(endpoint: string, token: HubToken | undefined): HubToken | undefined {
  const { protocol, hostname } = new URL(endpoint);
  if (!token || protocol === "https:" || isLoopbackHost(hostname)) return token;
  const text = `the token (${token.from}) would be sent to ${endpoint} over plain HTTP`;
  throw new OptionsError("ERR_OPTIONS", `huggingFace: ${text}; use https, or token: false for public datasets`);
}

/** Finds the token where the hub's own tools do: in the environment, then in the file of their login. */
function tokenOfMachine(): HubToken | undefined {
  const { HF_TOKEN, HUGGING_FACE_HUB_TOKEN, HF_TOKEN_PATH, HF_HOME, XDG_CACHE_HOME, HF_HUB_DISABLE_IMPLICIT_TOKEN } =
    process.env;
  if (HF_TOKEN?.trim()) return checkToken({ value: HF_TOKEN.trim(), from: "HF_TOKEN" });
  if (/^(?:1|on|yes|true)$/i.test(HF_HUB_DISABLE_IMPLICIT_TOKEN ?? "")) return undefined;
  const old = HUGGING_FACE_HUB_TOKEN?.trim();
  if (old) return checkToken({ value: old, from: "HUGGING_FACE_HUB_TOKEN" });
  const home = HF_HOME || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "huggingface");
  const path = HF_TOKEN_PATH || join(home, "token");
  try {
    const value = readFileSync(path, "utf8").trim();
    return value === "" ? undefined : checkToken({ value, from: path });
  } catch (error) {
    if (error instanceof OptionsError) throw error;
    return undefined; // nobody logged in on this machine
  }
}

/** Refuses what cannot be in a header. The error text does not have the token. @throws {OptionsError} ERR_OPTIONS */
function checkToken(token: HubToken): HubToken {
  if (/^[\x21-\x7e]+$/.test(token.value)) return token;
  throw new OptionsError(
    "ERR_OPTIONS",
    `huggingFace: the token (${token.from}) has spaces, line breaks or other characters that no token has`,
  );
}
