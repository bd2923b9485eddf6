/** The options that select the app, for every command that connects to one. */

import { type Command, Option } from "commander";
import type { App } from "../../clarifai/client/app.js";
import { printable } from "../../core/util/format/format.js";
import { writeNotice } from "../../core/util/notice.js";
import { type Target, type TargetOptions, targetOf } from "../target/target.js";
import { notEmpty } from "./parsing.js";

export interface ConnectionOptions extends TargetOptions {
  caFile?: string;
  proxy?: string | false;
  quiet?: boolean;
  verbose?: boolean;
  dryRun?: boolean;
}

/** Adds the options. The key has no option, because everybody on the machine can see command lines. */
export function withConnection(command: Command): Command {
  return withTarget(command)
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
      "use an emulator with this data folder, and ignore CLARIFAI_API_BASE and CLARIFAI_PAT (default without a key: ./.sluice)",
      notEmpty,
    );
}

/** Adds the options that select the app of a program that connects by itself. */
export function withTarget(command: Command): Command {
  return command
    .optionsGroup("Which app (the key comes from CLARIFAI_PAT, CLARIFAI_SESSION_TOKEN, .env or a profile):")
    .option("--profile <name>", "profile of the config file (default: SLUICE_PROFILE, else `default`)", notEmpty)
    .option("--user <id>", "user or organisation (default: CLARIFAI_USER_ID)", notEmpty)
    .option(
      "--app <app>",
      "app: its id, <user>/<id>, or the URL of its page at clarifai.com (default: CLARIFAI_APP_ID)",
      notEmpty,
    )
    .option("--base-url <url>", "server (default: CLARIFAI_API_BASE, else the platform)", notEmpty);
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

/** Connects, runs `work`, and closes the connection, also after an error. */
export async function withApp<T>(options: ConnectionOptions, work: (app: App) => Promise<T>): Promise<T> {
  const { connect } = await import("../../index.js");
  const target = targetOf(options);
  const { caFile, proxy } = options;
  const app = await connect({ ...target.settings, caFile, proxy, announce: !options.quiet });
  announce(app, target, options);
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

/** Prints which app was chosen and by what, if the command line and the environment do not show it. */
function announce(
  app: App,
  { origins, isIndirect, ignored }: Target,
  { quiet, verbose, dryRun }: ConnectionOptions,
): void {
  if (ignored !== undefined) writeNotice(`${printable(`sluice: ${ignored}`)}\n`);
  if (quiet || !(isIndirect || verbose || dryRun) || origins.length === 0) return;
  writeNotice(`${printable(`sluice: ${app.address} (${origins.join("; ")})`)}\n`);
}
