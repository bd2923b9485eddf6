/** The options that select the app, for every command that connects to one. */

import { type Command, Option } from "commander";
import { looksLikePage } from "../../clarifai/client/access/app-url.js";
import type { App } from "../../clarifai/client/app.js";
import { OptionsError } from "../../core/errors.js";
import { notEmpty } from "./parsing.js";

export interface ConnectionOptions {
  baseUrl?: string;
  caFile?: string;
  proxy?: string | false;
  user?: string;
  app?: string;
  store?: string;
  wire?: "grpc" | "rest" | "auto";
  grpcUrl?: string;
}

/** Adds the options. The key has no option, because everybody on the machine can see command lines. */
export function withConnection(command: Command): Command {
  return command
    .optionsGroup("Which app (the key comes from CLARIFAI_PAT or CLARIFAI_SESSION_TOKEN only):")
    .option("--user <id>", "user or organisation (default: CLARIFAI_USER_ID)", notEmpty)
    .option(
      "--app <app>",
      "app: its id, <user>/<id>, or the URL of its page at clarifai.com (default: CLARIFAI_APP_ID)",
      notEmpty,
    )
    .option("--base-url <url>", "server (default: CLARIFAI_API_BASE, else the platform)", notEmpty)
    .option(
      "--ca-file <file>",
      "PEM file with certificate authorities of your own (default: CLARIFAI_ROOT_CERTIFICATES_PATH)",
      notEmpty,
    )
    .option(
      "--proxy <url>",
      "HTTP proxy, also for fetched URLs and downloads (default: HTTP_PROXY, HTTPS_PROXY and NO_PROXY; a password belongs there)",
      notEmpty,
    )
    .option("--no-proxy", "no proxy, whatever the environment names")
    .option(
      "--store <folder>",
      "use an emulator with this data folder, and ignore CLARIFAI_API_BASE and the key (default without a key: ./.sluice)",
      notEmpty,
    );
}

/** Adds the options that select the app and the wire of an upload. */
export function withUploadConnection(command: Command): Command {
  return withConnection(command)
    .addOption(
      new Option(
        "--wire <wire>",
        "how inputs are sent: grpc (binary), rest (JSON, a third more bytes), or auto (grpc if the server speaks it). Default: auto for the platform and with --grpc-url, else rest",
      ).choices(["grpc", "rest", "auto"]),
    )
    .option("--grpc-url <url>", "address for gRPC (default: that of the server)", notEmpty);
}

/** Reads `--user` and `--app`. @throws {OptionsError} ERR_OPTIONS */
export function targetOf({ user, app }: ConnectionOptions): { url?: string; userId?: string; appId?: string } {
  const named = user === undefined ? {} : { userId: user };
  if (app === undefined) return named;
  if (looksLikePage(app)) return { ...named, url: app };
  if (!app.includes("/")) return { ...named, appId: app };
  const [userId, appId, ...more] = app.split("/");
  if (!userId || !appId || more.length > 0) {
    throw new OptionsError("ERR_OPTIONS", `--app: "${app}" is neither an id nor <user>/<id>`);
  }
  if (user !== undefined)
    throw new OptionsError("ERR_OPTIONS", `--app: ${app} names a user, and so does --user; leave one out`);
  return { userId, appId };
}

/** Connects, runs `work`, and closes the connection, also after an error. */
export async function withApp<T>(options: ConnectionOptions, work: (app: App) => Promise<T>): Promise<T> {
  const { connect } = await import("../../index.js");
  const { baseUrl, caFile, proxy, store: data, wire, grpcUrl } = options;
  const app = await connect({ ...targetOf(options), baseUrl, caFile, proxy, data, wire, grpcUrl });
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}
