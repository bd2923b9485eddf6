/** Connects to an app of the platform, of another server, or of an emulator in this process. */

import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import * as z from "zod";
import { checkSecret, chooseSecret, type NamedSecret, type Secret } from "./clarifai/client/access/secret.js";
import { checkServerUrl } from "./clarifai/client/access/server-url.js";
import { platformHost, platformUrl, refuseTwoTargets, targetOfUrl, variable } from "./clarifai/client/access/target.js";
import { App } from "./clarifai/client/app.js";
import type { ConnectionOptions } from "./clarifai/client/http-connection.js";
import { Transport } from "./clarifai/client/transport.js";
import { type AskForGrpc, WireChoice, type WireSetting } from "./clarifai/client/wire-choice.js";
import { limits } from "./clarifai/limits.js";
import { addOpenApp } from "./clarifai/stored-content/open-apps.js";
import type { Traffic } from "./core/accounting/clients.js";
import { OptionsError } from "./core/errors.js";
import { trustFile } from "./core/net/authorities.js";
import { Network } from "./core/net/network.js";
import { proxiesOf } from "./core/net/proxy/proxies.js";
import { type OptionsOf, parseOptions } from "./core/plugin/options.js";
import { writeNotice } from "./core/util/notice.js";
import type { Emulator } from "./emulator/index.js";

const platformMediaHost = "data.clarifai.com";
const defaultData = "./.sluice";

const optionFields = {
  /**
   * Page of the app on the web site, such as `https://clarifai.com/USER/APP`, in place of `userId` and `appId`. It connects to the platform; a page of the
   * site that CLARIFAI_UI names, to the server of `baseUrl`.
   */
  url: z.string().min(1).optional(),
  /** Address of the API. Default: CLARIFAI_API_BASE, else the platform (with a key) or the emulator (without). */
  baseUrl: z.string().min(1).optional(), // checkServerUrl() checks the rest, since an error of the schema would print a password in the URL
  /** Sends the key over plain HTTP to other machines than this one. Default: false. */
  allowHttp: z.boolean().default(false),
  /** Personal access token, the key. Default: CLARIFAI_PAT. */
  pat: z.string().min(1).optional(),
  /** Token of a session of a signed-in user, in place of `pat`. Default: CLARIFAI_SESSION_TOKEN. */
  sessionToken: z.string().min(1).optional(),
  /**
   * PEM file with certificate authorities that the connection trusts besides those of Node.js, for the API over both wires and for downloads from its
   * hosts. Default: CLARIFAI_ROOT_CERTIFICATES_PATH.
   */
  caFile: z.string().min(1).optional(),
  /**
   * HTTP proxy for the API and for downloads from its hosts: `http://host:3128`, also with `user:password@`; false for none. This machine is never reached
   * through a proxy. Default: HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
   */
  proxy: z.union([z.string().min(1), z.literal(false)]).optional(),
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
  /** Requests per second that the account may send; a run with a `shard` uses its share of them. Default: 15 on the platform; found by trying on other servers. */
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
 * `url` takes the address of a page instead: `connect({ url: "https://clarifai.com/me/photos" })`.
 *
 * Sends nothing yet, so a wrong key is found by the first request. Options win over the environment (CLARIFAI_API_BASE, CLARIFAI_PAT,
 * CLARIFAI_SESSION_TOKEN, CLARIFAI_USER_ID, CLARIFAI_APP_ID). With `data`, the first three variables are ignored; `data` together with `baseUrl`, `pat` or
 * `sessionToken` is refused. An empty variable counts as not set. A session token takes the place of a key: `pat` with `sessionToken` is refused.
 *
 * The key is sent to the server and its media hosts only, and over plain HTTP to this machine only. The emulator has a random key that only this process
 * knows.
 *
 * @throws {OptionsError} ERR_OPTIONS; ERR_CREDENTIALS if the key, user or app for the platform is missing, or the key cannot be sent safely
 * @throws {OptionsError} ERR_CA_FILE
 * @throws {FlowError} ERR_STORE_IN_USE, ERR_STORE_UNUSABLE (for example, the folder cannot be written)
 * @example const app = await connect({ appId: "photos" });
 */
export async function connect(options: ConnectOptions = {}): Promise<App> {
  const checked = parseOptions("connect", Options, options);
  refuseTwoTargets(checked);
  const usesEnvironment = checked.data === undefined;
  const secret = chooseSecret(checked, usesEnvironment);
  const settings: Checked = {
    ...checked,
    baseUrl: checked.baseUrl ?? (usesEnvironment ? variable("CLARIFAI_API_BASE") : undefined),
    userId: checked.userId ?? variable("CLARIFAI_USER_ID"),
    appId: checked.appId ?? variable("CLARIFAI_APP_ID"),
    ...targetOfUrl(checked),
  };
  if (secret === undefined && settings.baseUrl === undefined) return addOpenApp(await connectToEmulator(settings));
  return addOpenApp(await connectToServer(settings, secret));
}

/** The settings of the transport that do not depend on the target. */
function tuningOf({ requestsPerSecond, maxConcurrency, timeoutMs, retryForMs }: Checked) {
  return { requestsPerSecond, maxConcurrency, timeoutMs, retryForMs };
}

async function connectToEmulator(settings: Checked): Promise<App> {
  const { data = defaultData, userId = "me", appId = "main", announce = true, wire, grpcUrl, caFile } = settings;
  if (wire === "grpc" || grpcUrl !== undefined || caFile !== undefined) {
    const name = wire === "grpc" ? 'wire: "grpc"' : grpcUrl === undefined ? "caFile" : "grpcUrl";
    const reason = "the emulator in this process speaks REST without TLS";
    throw new OptionsError("ERR_OPTIONS", `connect: ${name} needs a server; ${reason}`);
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
  const variables = ["CLARIFAI_API_BASE", "CLARIFAI_PAT", "CLARIFAI_SESSION_TOKEN"].filter(
    (name) => variable(name) !== undefined,
  );
  const ignored = isDefault || variables.length === 0 ? "" : `; ignoring ${variables.join(", ")}`;
  // Whoever has the address of the gallery can read the store, so it is printed for the person at the terminal and never into a log.
  const later = isDefault ? "sluice emulator" : `sluice emulator --data ${data}`;
  const gallery = process.stderr.isTTY ? `; gallery while this runs: ${galleryUrl()} (later: ${later})` : "";
  writeNotice(`sluice: ${why}using the emulator; its data is in ${data ?? defaultData}${ignored}${gallery}\n`);
}

/** Connects to the platform or another server. */
async function connectToServer(settings: Checked, named: NamedSecret | undefined): Promise<App> {
  const { allowHttp, userId, appId, requestsPerSecond, mediaHosts } = settings;
  const needsTls = named !== undefined && !allowHttp;
  const url = checkServerUrl("baseUrl", settings.baseUrl ?? platformUrl, needsTls);
  const isPlatform = new URL(url).host === platformHost;
  if (named === undefined && isPlatform) {
    throw new OptionsError("ERR_CREDENTIALS", `connect: ${url} needs a key: set CLARIFAI_PAT or pass { pat }`);
  }
  if (named) checkSecret(named);
  const secret: Secret = named ? { pat: named.pat, sessionToken: named.sessionToken } : { pat: "local" };
  if (isPlatform) requireUserAndApp(userId, appId);
  const user = userId ?? "me";
  const { grpcUrl = url, wire = isPlatform || settings.grpcUrl !== undefined ? "auto" : "rest" } = settings;
  const network = networkOf(settings);
  const grpc = await grpcFor(wire, checkServerUrl("grpcUrl", grpcUrl, needsTls), {
    ...secret,
    network,
    timeoutMs: settings.timeoutMs,
  });
  const transport = new Transport({
    ...grpc,
    ...tuningOf(settings),
    requestsPerSecond: requestsPerSecond ?? (isPlatform ? limits.requestsPerSecond : undefined),
    baseUrl: url,
    ...secret,
    network,
    account: `${url}/users/${user}`,
    isPlatform,
  });
  return new App(transport, {
    userId: user,
    appId: appId ?? "main",
    baseUrl: url,
    ...secret,
    network,
    wire: await chosenWire(wire, transport),
    mediaHosts: mediaHosts ?? (isPlatform ? [platformMediaHost] : []),
  });
}

/** Returns the way to the server; undefined for the default of Node.js. */
function networkOf({ caFile: option, proxy }: Checked): Network | undefined {
  const caFile = option ?? variable("CLARIFAI_ROOT_CERTIFICATES_PATH");
  const proxyFor = proxiesOf("connect", proxy);
  if (caFile === undefined) return proxyFor && new Network({ proxyFor });
  const name = option === undefined ? "connect: CLARIFAI_ROOT_CERTIFICATES_PATH" : "connect: caFile";
  return new Network({ caFile, secureContext: trustFile(caFile, name), proxyFor });
}

/** Loads what gRPC needs, unless uploads use REST only. */
async function grpcFor(wire: WireSetting, url: string, options: Omit<ConnectionOptions, "baseUrl">) {
  if (wire === "rest") return {};
  const { GrpcConnection } = await import("./clarifai/client/grpc/grpc-connection.js");
  return { grpc: (counts: Traffic) => new GrpcConnection({ url, ...options }, counts) };
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
