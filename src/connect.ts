/** Connects to an app of the platform, of another server, or of an emulator in this process. */

import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import * as z from "zod";
import { App } from "./clarifai/client/app.js";
import { Transport } from "./clarifai/client/transport.js";
import { type AskForGrpc, WireChoice, type WireSetting } from "./clarifai/client/wire-choice.js";
import { limits } from "./clarifai/limits.js";
import { addOpenApp } from "./clarifai/stored-content/open-apps.js";
import type { Traffic } from "./core/accounting/clients.js";
import { describeError, OptionsError } from "./core/errors.js";
import { checkUrl, isLoopbackHost } from "./core/net/guarded-fetch.js";
import { type OptionsOf, parseOptions } from "./core/plugin/options.js";
import { writeNotice } from "./core/util/notice.js";
import type { Emulator } from "./emulator/index.js";

const platformUrl = "https://api.clarifai.com";
const platformMediaHost = "data.clarifai.com";
const defaultData = "./.sluice";

const optionFields = {
  /** Address of the API. Default: CLARIFAI_API_BASE, else the platform (with a key) or the emulator (without). */
  baseUrl: z.string().min(1).optional(), // checkedUrl() checks the rest, since an error of the schema would print a password in the URL
  /** Sends the key over plain HTTP to other machines than this one. Default: false. */
  allowHttp: z.boolean().default(false),
  /** Personal access token. Default: CLARIFAI_PAT. */
  pat: z.string().min(1).optional(),
  /** Default: CLARIFAI_USER_ID; "me" on other servers than the platform. */
  userId: z.string().min(1).optional(),
  /** Default: CLARIFAI_APP_ID; "main" on other servers than the platform. */
  appId: z.string().min(1).optional(),
  /** Data folder of an emulator in this process, also if the environment names a server or a key. Default: "./.sluice", if it names neither. */
  data: z.string().min(1).optional(),
  /**
   * How uploads are sent. "grpc": in binary. "rest": as JSON with base64, a third more bytes. "auto": over gRPC if the server speaks it and its
   * windows are large enough for the link, else over REST, with a note in the report; the first upload asks the server. Texts and URLs go over REST. All other requests go over REST. Default: "auto" for the platform and with `grpcUrl`,
   * else "rest".
   */
  wire: z.enum(["grpc", "rest", "auto"]).optional(),
  /** Address for gRPC: `https://host:port`, or `http://host:port` without TLS. Default: scheme, host and port of `baseUrl`. */
  grpcUrl: z.string().min(1).optional(),
  /** Requests per second that the account may send. Default: 15 on the platform; found by trying on other servers. */
  requestsPerSecond: z.number().positive().optional(),
  /** Maximum number of requests in flight at once; the client finds out how many it uses. Default: 32. */
  maxConcurrency: z.number().int().min(1).optional(),
  /** Longest wait for the start of an answer, in milliseconds; its end may take twice as long. Default: 120,000. */
  timeoutMs: z.number().positive().optional(),
  /** Longest time that a request is retried while nothing succeeds, in milliseconds. Default: 300,000; 10,000 for a server that never answered. */
  retryForMs: z.number().min(0).optional(),
  /** Hosts besides the API's that receive the key for downloads. Default: the platform's media host. */
  mediaHosts: z.array(z.string().min(1)).optional(),
  /** Prints on stderr that the emulator is used, and where its data is. Default: true. */
  announce: z.boolean().optional(),
};
const Options = z.strictObject(optionFields);
/** Options of `connect`. */
export type ConnectOptions = OptionsOf<typeof optionFields>;

type Checked = z.output<typeof Options>;

/**
 * Connects to an app. With a key, connects to the platform or to the server of `baseUrl`. With neither, starts an emulator in this process with its data
 * in `./.sluice`, and prints one line about it on stderr. Connections of one process share the emulator of a folder; another process cannot use the
 * folder at the same time.
 *
 * Sends nothing yet, so a wrong key is found by the first request. Options win over the environment (CLARIFAI_API_BASE, CLARIFAI_PAT, CLARIFAI_USER_ID,
 * CLARIFAI_APP_ID). With `data`, the first two variables are ignored; `data` together with `baseUrl` or `pat` is refused. An empty variable counts as not
 * set.
 *
 * The key is sent to the server and its media hosts only, and over plain HTTP to this machine only. The emulator has a random key that only this process
 * knows.
 *
 * @throws {OptionsError} ERR_OPTIONS; ERR_CREDENTIALS if the key, user or app for the platform is missing, or the key cannot be sent safely
 * @throws {FlowError} ERR_STORE_IN_USE, ERR_STORE_UNUSABLE (for example, the folder cannot be written)
 * @example const app = await connect({ appId: "photos" });
 */
export async function connect(options: ConnectOptions = {}): Promise<App> {
  const checked = parseOptions("connect", Options, options);
  refuseTwoTargets(checked);
  const usesEnvironment = checked.data === undefined;
  const settings: Checked = {
    ...checked,
    pat: checked.pat ?? (usesEnvironment ? keyFrom("CLARIFAI_PAT") : undefined),
    baseUrl: checked.baseUrl ?? (usesEnvironment ? variable("CLARIFAI_API_BASE") : undefined),
    userId: checked.userId ?? variable("CLARIFAI_USER_ID"),
    appId: checked.appId ?? variable("CLARIFAI_APP_ID"),
  };
  if (settings.pat === undefined && settings.baseUrl === undefined)
    return addOpenApp(await connectToEmulator(settings));
  return addOpenApp(await connectToServer(settings, checked.pat === undefined ? "CLARIFAI_PAT" : "pat"));
}

/** The settings of the transport that do not depend on the target. */
function tuningOf({ requestsPerSecond, maxConcurrency, timeoutMs, retryForMs }: Checked) {
  return { requestsPerSecond, maxConcurrency, timeoutMs, retryForMs };
}

async function connectToEmulator(settings: Checked): Promise<App> {
  const { data = defaultData, userId = "me", appId = "main", announce = true, wire, grpcUrl } = settings;
  if (wire === "grpc" || grpcUrl !== undefined) {
    const text = `connect: ${wire === "grpc" ? 'wire: "grpc"' : "grpcUrl"} needs a server; the emulator in this process speaks REST`;
    throw new OptionsError("ERR_OPTIONS", text);
  }
  const emulator = await sharedEmulator(data);
  if (announce) announceEmulator(settings.data, emulator);
  const { url: baseUrl, pat, store } = emulator;
  const transport = new Transport({ ...tuningOf(settings), baseUrl, pat });
  return new App(transport, {
    userId,
    appId,
    baseUrl,
    pat,
    emulator: { folder: resolve(data), store },
    onClose: () => emulator.close(),
  });
}

/** Prints that the emulator is used, where its data is, and which variables are ignored. `data` is the option; undefined for the default folder. */
function announceEmulator(data: string | undefined, { galleryUrl }: Pick<Emulator, "galleryUrl">): void {
  const isDefault = data === undefined;
  const why = isDefault ? "no CLARIFAI_PAT, " : "";
  const variables = ["CLARIFAI_API_BASE", "CLARIFAI_PAT"].filter((name) => variable(name) !== undefined);
  const ignored = isDefault || variables.length === 0 ? "" : `; ignoring ${variables.join(" and ")}`;
  // Whoever has the address of the gallery can read the store, so it is printed for the person at the terminal and never into a log.
  const later = isDefault ? "sluice emulator" : `sluice emulator --data ${data}`;
  const gallery = process.stderr.isTTY ? `; gallery while this runs: ${galleryUrl()} (later: ${later})` : "";
  writeNotice(`sluice: ${why}using the emulator; its data is in ${data ?? defaultData}${ignored}${gallery}\n`);
}

/** Connects to the platform or another server. `keyName` names the origin of the key in errors. */
async function connectToServer(settings: Checked, keyName: string): Promise<App> {
  const { pat, allowHttp, userId, appId, requestsPerSecond, mediaHosts } = settings;
  const needsTls = pat !== undefined && !allowHttp;
  const url = checkedUrl("baseUrl", settings.baseUrl ?? platformUrl, needsTls);
  const isPlatform = new URL(url).host === new URL(platformUrl).host;
  const key = pat ?? (isPlatform ? undefined : "local");
  if (key === undefined) {
    throw new OptionsError("ERR_CREDENTIALS", `connect: ${url} needs a key: set CLARIFAI_PAT or pass { pat }`);
  }
  checkKey(keyName, key);
  if (isPlatform) requireUserAndApp(userId, appId);
  const user = userId ?? "me";
  const { grpcUrl = url, wire = isPlatform || settings.grpcUrl !== undefined ? "auto" : "rest" } = settings;
  const grpc = await grpcFor(wire, checkedUrl("grpcUrl", grpcUrl, needsTls), key, settings.timeoutMs);
  const transport = new Transport({
    ...grpc,
    ...tuningOf(settings),
    requestsPerSecond: requestsPerSecond ?? (isPlatform ? limits.requestsPerSecond : undefined),
    baseUrl: url,
    pat: key,
    account: `${url}/users/${user}`,
    isPlatform,
  });
  return new App(transport, {
    userId: user,
    appId: appId ?? "main",
    baseUrl: url,
    pat: key,
    wire: await chosenWire(wire, transport),
    mediaHosts: mediaHosts ?? (isPlatform ? [platformMediaHost] : []),
  });
}

/** Loads what gRPC needs, unless uploads use REST only. */
async function grpcFor(wire: WireSetting, url: string, pat: string, timeoutMs: number | undefined) {
  if (wire === "rest") return {};
  const { GrpcConnection } = await import("./clarifai/client/grpc/grpc-connection.js");
  return { grpc: (counts: Traffic) => new GrpcConnection({ url, pat, timeoutMs }, counts) };
}

async function chosenWire(wire: WireSetting, transport: Transport): Promise<WireChoice> {
  if (wire === "rest") return new WireChoice();
  const { grpcWire, statusCodeMessage } = await import("./clarifai/wire/protobuf/grpc-wire.js");
  const ask: AskForGrpc = (question, signal) => transport.askForGrpc(question, signal);
  const choice = new WireChoice({ wire: grpcWire, question: statusCodeMessage }, wire === "auto" ? ask : undefined);
  transport.onSent((bytes, limit) => choice.sent(bytes, limit));
  return choice;
}

function requireUserAndApp(userId: string | undefined, appId: string | undefined): void {
  const names = { "userId (or CLARIFAI_USER_ID)": userId, "appId (or CLARIFAI_APP_ID)": appId };
  const missing = Object.entries(names).flatMap(([name, value]) => (value === undefined ? [name] : []));
  if (missing.length === 0) return;
  const verb = missing.length > 1 ? "are" : "is";
  throw new OptionsError("ERR_CREDENTIALS", `connect: ${missing.join(" and ")} ${verb} missing`);
}

interface SharedEmulator {
  starting: Promise<Emulator>;
  /** A random key that only the connections of this process know. */
  pat: string;
  connections: number;
  closing?: Promise<void> | undefined;
}

/** The emulators of this process, by data folder. */
const emulators = new Map<string, SharedEmulator>();

type EmulatorConnection = Pick<Emulator, "url" | "store" | "galleryUrl" | "close"> & { pat: string };

/** Starts the emulator of a folder, or shares the one that runs. The last connection that closes stops it. */
async function sharedEmulator(data: string): Promise<EmulatorConnection> {
  const folder = resolve(data);
  await emulators.get(folder)?.closing;
  const shared = emulators.get(folder) ?? startShared(data, folder);
  shared.connections += 1;
  const { url, store, galleryUrl, close } = await shared.starting.catch((error: unknown) => {
    emulators.delete(folder);
    throw error;
  });
  let isClosed = false;
  return {
    url,
    store,
    galleryUrl,
    pat: shared.pat,
    close: async () => {
      if (!isClosed) shared.connections -= 1;
      isClosed = true;
      if (shared.connections > 0) return;
      shared.closing ??= close().finally(() => emulators.delete(folder));
      await shared.closing;
    },
  };
}

function startShared(data: string, folder: string): SharedEmulator {
  const pat = randomBytes(24).toString("base64url");
  const starting = import("./emulator/index.js").then(({ startEmulator }) => startEmulator({ data, pat, unref: true }));
  const shared = { starting, pat, connections: 0 };
  emulators.set(folder, shared);
  return shared;
}

/** Returns the URL without slashes at its end. Refuses a URL that cannot be a base, without printing a part that may be a password. */
function checkedUrl(name: "baseUrl" | "grpcUrl", text: string, needsTls: boolean): string {
  let url: URL;
  try {
    url = checkUrl(text);
  } catch (error) {
    throw new OptionsError("ERR_OPTIONS", `connect: ${name}: ${describeError(error)}`);
  }
  if (url.search !== "" || url.hash !== "") {
    const parts = [url.search === "" ? "" : "a query", url.hash === "" ? "" : "a fragment"].filter(
      (part) => part !== "",
    );
    const reason = `has ${parts.join(" and ")} at its end, which requests cannot carry`;
    throw new OptionsError("ERR_OPTIONS", `connect: ${name}: ${url.origin}${url.pathname} ${reason}; leave it out`);
  }
  if (needsTls && url.protocol === "http:" && !isLoopbackHost(url.hostname)) {
    const hint = "use https, or pass allowHttp: true in a network that you trust";
    throw new OptionsError("ERR_CREDENTIALS", `connect: ${url.origin} would receive the key unencrypted; ${hint}`);
  }
  return text.replace(/\/+$/, "");
}

/** Refuses options that name two targets. */
function refuseTwoTargets({ data, baseUrl, pat, wire, grpcUrl }: Checked): void {
  if (wire === "rest" && grpcUrl !== undefined) {
    throw new OptionsError("ERR_OPTIONS", 'connect: grpcUrl is for gRPC, and wire is "rest"; pass one of them');
  }
  if (data === undefined) return;
  const other = baseUrl !== undefined ? "baseUrl" : pat !== undefined ? "pat" : undefined;
  if (other === undefined) return;
  const hint = "data is the folder of an emulator in this process, which has its own address and key";
  throw new OptionsError("ERR_OPTIONS", `connect: data and ${other} name two targets; pass one of them (${hint})`);
}

/** Returns the key of an environment variable unchanged, so that a space in it is refused; undefined if the variable is empty. */
function keyFrom(name: string): string | undefined {
  const key = process.env[name];
  return key === "" ? undefined : key;
}

/** Refuses a key that a header cannot carry unchanged. The error does not print the key. */
function checkKey(name: string, key: string): void {
  if (/^[\x21-\x7e]+$/.test(key)) return;
  const isAround = /^[\x21-\x7e]+$/.test(key.trim());
  const problem = isAround
    ? "a space or a line break before or after the key"
    : "a space, a line break or a character beyond ASCII";
  throw new OptionsError("ERR_CREDENTIALS", `connect: ${name} has ${problem}; set it to the key alone`);
}

/** Returns the trimmed value of an environment variable; undefined if it is empty. */
function variable(name: string): string | undefined {
  const text = process.env[name]?.trim();
  return text === "" ? undefined : text;
}
