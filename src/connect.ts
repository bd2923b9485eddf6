/** connect: an app of the platform, of another server, or of the embedded store on this disk. */

import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import * as z from "zod";
import { App } from "./clarifai/client/app.js";
import { Transport } from "./clarifai/client/transport.js";
import { limits } from "./clarifai/limits.js";
import { describeError, OptionsError } from "./core/errors.js";
import { checkUrl, isLoopbackHost } from "./core/net/guarded-fetch.js";
import { type OptionsOf, parseOptions } from "./core/plugin/options.js";
import { writeNotice } from "./core/util/notice.js";
import type { Emulator } from "./emulator/index.js";

const platformUrl = "https://api.clarifai.com";
const platformMediaHost = "data.clarifai.com";

const Options = z.strictObject({
  /** Where the API is. Default: CLARIFAI_API_BASE, else the platform (with a key) or the embedded store (without). */
  baseUrl: z.string().min(1).optional(), // checked below: what is refused there may hold a password, and is not shown
  /** Sends the key over plain HTTP to other machines than this one. Default: false. */
  allowHttp: z.boolean().default(false),
  /** Personal access token. Default: CLARIFAI_PAT. */
  pat: z.string().min(1).optional(),
  /** Default: CLARIFAI_USER_ID; "me" on other servers than the platform. */
  userId: z.string().min(1).optional(),
  /** Default: CLARIFAI_APP_ID; "main" on other servers than the platform. */
  appId: z.string().min(1).optional(),
  /** Folder of the emulator in this process, also where the environment names a server or a key. Default: "./.sluice", where it names neither. */
  data: z.string().min(1).optional(),
  /** Requests per second that the account is granted. Default: 15 on the platform; found out elsewhere. */
  requestsPerSecond: z.number().positive().optional(),
  /** Most requests open at once; how many are used is found out. Default: 32. */
  maxConcurrency: z.number().int().min(1).optional(),
  /** Longest wait for an answer to begin, in milliseconds; after twice that it has ended. Default: 120,000. */
  timeoutMs: z.number().positive().optional(),
  /** Longest time that a request is retried while nothing succeeds, in milliseconds. Default: 300,000; 10,000 for a server that never answered. */
  retryForMs: z.number().min(0).optional(),
  /** Hosts besides the API's that get the credential for downloads. Default: the platform's media host. */
  mediaHosts: z.array(z.string().min(1)).optional(),
  /** Says where the embedded store is, on stderr. Default: true. */
  announce: z.boolean().optional(),
});
/** Options of `connect`. */
export type ConnectOptions = OptionsOf<typeof Options>;

/**
 * Connects to an app. With a key it is the platform, or the server of `baseUrl`; with neither it is the embedded store, started inside
 * this process with its data under `./.sluice`, which says so in one line. Connections of one process share the store of a folder; another process
 * cannot have it at the same time.
 *
 * Nothing is sent yet: a wrong key shows with the first request. Options win over the environment (CLARIFAI_API_BASE, CLARIFAI_PAT,
 * CLARIFAI_USER_ID, CLARIFAI_APP_ID): with `data`, the first two are not used. `data` together with `baseUrl` or `pat` is refused. An empty variable
 * counts as not set.
 *
 * The key goes to that server and its media host only, and over plain HTTP only to this machine. The embedded store has a key of its own,
 * which nobody else knows.
 *
 * @throws {OptionsError} ERR_OPTIONS; ERR_CREDENTIALS when the platform is meant and user, app or key is missing, or the key cannot be sent as it should
 * @throws {FlowError} ERR_STORE_IN_USE, ERR_STORE_UNUSABLE (the folder cannot be written, say)
 * @example const app = await connect({ appId: "photos" });
 */
export async function connect(options: ConnectOptions = {}): Promise<App> {
  const given = parseOptions("connect", Options, options);
  checkTogether(given);
  const environment = process.env;
  const usesEnvironment = given.data === undefined;
  const pat = given.pat ?? (usesEnvironment ? keyFrom("CLARIFAI_PAT") : undefined);
  const baseUrl = given.baseUrl ?? (usesEnvironment ? nonEmpty(environment.CLARIFAI_API_BASE) : undefined);
  const userId = given.userId ?? nonEmpty(environment.CLARIFAI_USER_ID);
  const appId = given.appId ?? nonEmpty(environment.CLARIFAI_APP_ID);
  const { requestsPerSecond, maxConcurrency, timeoutMs, retryForMs, mediaHosts } = given;
  const tuning = { requestsPerSecond, maxConcurrency, timeoutMs, retryForMs };

  if (pat === undefined && baseUrl === undefined) {
    const data = given.data ?? "./.sluice";
    const emulator = await embeddedStore(data);
    if (given.announce ?? true) {
      // The link opens the store: it is for who sits there, and for no log.
      const later = given.data === undefined ? "sluice emulator" : `sluice emulator --data ${data}`;
      const look = process.stderr.isTTY
        ? `; see what is in it, while this runs: ${emulator.galleryUrl()} (later: ${later})`
        : "";
      const why = given.data === undefined ? "no CLARIFAI_PAT, " : "";
      const unused = ["CLARIFAI_API_BASE", "CLARIFAI_PAT"].filter((name) => nonEmpty(environment[name]) !== undefined);
      const over = given.data === undefined || unused.length === 0 ? "" : `, and not ${unused.join(" or ")}`;
      writeNotice(`sluice: ${why}using the embedded store in ${data}${over}${look}\n`);
    }
    const here = {
      baseUrl: emulator.url,
      pat: emulator.pat,
      emulator: { folder: resolve(data), store: emulator.store },
    };
    const app = { userId: userId ?? "me", appId: appId ?? "main", ...here };
    const transport = new Transport({ ...tuning, baseUrl: emulator.url, pat: app.pat });
    return new App(transport, { ...app, onClose: () => emulator.close() });
  }

  const url = checkedUrl(baseUrl ?? platformUrl, pat !== undefined && !given.allowHttp);
  const isPlatform = new URL(url).host === new URL(platformUrl).host;
  const key = pat ?? (isPlatform ? undefined : "local");
  if (key === undefined) {
    throw new OptionsError("ERR_CREDENTIALS", `connect: ${url} needs a key: set CLARIFAI_PAT or pass { pat }`);
  }
  checkKey(given.pat === undefined ? "CLARIFAI_PAT" : "pat", key);
  if (isPlatform && (userId === undefined || appId === undefined)) {
    const names = { "userId (or CLARIFAI_USER_ID)": userId, "appId (or CLARIFAI_APP_ID)": appId };
    const missing = Object.entries(names).flatMap(([name, value]) => (value === undefined ? [name] : []));
    const verb = missing.length > 1 ? "are" : "is";
    throw new OptionsError("ERR_CREDENTIALS", `connect: ${missing.join(" and ")} ${verb} missing`);
  }
  const transport = new Transport({
    ...tuning,
    requestsPerSecond: requestsPerSecond ?? (isPlatform ? limits.requestsPerSecond : undefined),
    baseUrl: url,
    pat: key,
    account: `${url}/users/${userId ?? "me"}`,
    isPlatform,
  });
  return new App(transport, {
    userId: userId ?? "me",
    appId: appId ?? "main",
    baseUrl: url,
    pat: key,
    mediaHosts: mediaHosts ?? (isPlatform ? [platformMediaHost] : []),
  });
}

interface Shared {
  emulator: Promise<Emulator>;
  /** Made for this store, and known to its connections only. */
  pat: string;
  connections: number;
  closing?: Promise<void> | undefined;
}

/** The embedded stores of this process, by their folders. */
const stores = new Map<string, Shared>();

/** The embedded store of a folder, which has one at a time: connections of a process share it, and the last one to close stops it. */
async function embeddedStore(
  data: string,
): Promise<Pick<Emulator, "url" | "store" | "galleryUrl" | "close"> & { pat: string }> {
  const folder = resolve(data);
  await stores.get(folder)?.closing;
  let shared = stores.get(folder);
  if (!shared) {
    const pat = randomBytes(24).toString("base64url");
    const loaded = import("./emulator/index.js");
    const emulator = loaded.then(({ startEmulator }) => startEmulator({ data, pat, unref: true }));
    stores.set(folder, (shared = { emulator, pat, connections: 0 }));
  }
  const store = shared;
  store.connections += 1;
  const {
    url,
    store: id,
    galleryUrl,
    close,
  } = await store.emulator.catch((error: unknown) => {
    stores.delete(folder);
    throw error;
  });
  let closed = false;
  return {
    url,
    store: id,
    galleryUrl,
    pat: store.pat,
    close: async () => {
      if (!closed) store.connections -= 1;
      closed = true;
      if (store.connections > 0) return;
      store.closing ??= close().finally(() => stores.delete(folder));
      await store.closing;
    },
  };
}

/** The address without slashes at its end. Of one that is refused, what may be a password is not shown. */
function checkedUrl(text: string, needsTls: boolean): string {
  let url: URL;
  try {
    url = checkUrl(text);
  } catch (error) {
    throw new OptionsError("ERR_OPTIONS", `connect: baseUrl: ${describeError(error)}`);
  }
  if (url.search !== "" || url.hash !== "") {
    const rest = `${url.search === "" ? "" : "a query"}${url.search && url.hash ? " and " : ""}${url.hash === "" ? "" : "a fragment"}`;
    throw new OptionsError(
      "ERR_OPTIONS",
      `connect: baseUrl: ${url.origin}${url.pathname} is followed by ${rest}, which requests cannot carry`,
    );
  }
  if (needsTls && url.protocol === "http:" && !isLoopbackHost(url.hostname)) {
    const hint = "use https, or pass allowHttp: true where the network can be trusted";
    throw new OptionsError("ERR_CREDENTIALS", `connect: ${url.origin} would get the key unencrypted; ${hint}`);
  }
  return text.replace(/\/+$/, "");
}

/** Refuses options that name two targets. */
function checkTogether({ data, baseUrl, pat }: ConnectOptions): void {
  if (data === undefined) return;
  const other = baseUrl !== undefined ? "baseUrl" : pat !== undefined ? "pat" : undefined;
  if (other === undefined) return;
  const hint = "data is the folder of an emulator in this process, which has an address and a key of its own";
  throw new OptionsError("ERR_OPTIONS", `connect: data and ${other} name two targets; pass one of them (${hint})`);
}

/** The key of an environment variable, as it is; an empty variable counts as not set. */
function keyFrom(name: string): string | undefined {
  const key = process.env[name];
  return key === "" ? undefined : key;
}

/** Refuses a key that a header cannot carry as it is; the key itself is not shown. */
function checkKey(name: string, key: string): void {
  if (/^[\x21-\x7e]+$/.test(key)) return;
  const isAround = /^[\x21-\x7e]+$/.test(key.trim());
  const what = isAround
    ? "a space or a line break before or after the key"
    : "a space, a line break or a character beyond ASCII";
  throw new OptionsError("ERR_CREDENTIALS", `connect: ${name} has ${what}; set it to the key alone`);
}

function nonEmpty(value: string | undefined): string | undefined {
  const text = value?.trim();
  return text === "" ? undefined : text;
}
