/** The two apps of `sluice copy`: their options, and the connections to them. */

import { resolve } from "node:path";
import type { Command } from "commander";
import { Option } from "commander";
import type { App } from "../../clarifai/client/app.js";
import type { ConnectOptions } from "../../connect.js";
import { OptionsError } from "../../core/errors.js";
import { isLoopbackHost } from "../../core/net/addresses.js";
import { notEmpty } from "../common/parsing.js";

export interface CopyTargetOptions {
  from?: string;
  to?: string;
  fromStore?: string;
  toStore?: string;
  fromBaseUrl?: string;
  toBaseUrl?: string;
  wire?: "grpc" | "rest" | "auto";
  grpcUrl?: string;
}

export interface CopyTargets {
  from: App;
  to: App;
}

/** Adds the arguments and options. The keys have no options, because everybody on the machine can see command lines. */
export function withCopyTargets(command: Command): Command {
  return command
    .argument("[from]", "app to copy from: user/app, or app of the user CLARIFAI_USER_ID")
    .argument("[to]", "app to copy to, in the same form")
    .optionsGroup("Which apps (keys come from CLARIFAI_PAT, CLARIFAI_PAT_FROM and CLARIFAI_PAT_TO):")
    .option("--from <app>", "app to copy from, in place of the argument", notEmpty)
    .option("--to <app>", "app to copy to, in place of the argument", notEmpty)
    .option("--from-store <folder>", "copy from an emulator with this data folder", notEmpty)
    .option("--to-store <folder>", "copy to an emulator with this data folder", notEmpty)
    .option("--from-base-url <url>", "server to copy from (default: CLARIFAI_API_BASE, else the platform)", notEmpty)
    .option("--to-base-url <url>", "server to copy to (default: CLARIFAI_API_BASE, else the platform)", notEmpty)
    .addOption(new Option("--wire <wire>", "how inputs are sent to the second app").choices(["grpc", "rest", "auto"]))
    .option("--grpc-url <url>", "address of the second app's server for gRPC", notEmpty);
}

/**
 * Returns the options of `connect` for both apps.
 *
 * @throws {OptionsError} ERR_OPTIONS if an app is missing, named twice, or the same as the other one
 */
export function copyTargets(
  first: string | undefined,
  second: string | undefined,
  options: CopyTargetOptions,
): { from: ConnectOptions; to: ConnectOptions } {
  // With --from, the one argument is the app to copy to.
  const isShifted = options.from !== undefined && second === undefined && options.to === undefined;
  const [fromArgument, toArgument] = isShifted ? [undefined, first] : [first, second];
  const { wire, grpcUrl } = options;
  const from = targetOf("from", fromArgument, options.from, options.fromStore, options.fromBaseUrl);
  const to = { ...targetOf("to", toArgument, options.to, options.toStore, options.toBaseUrl), wire, grpcUrl };
  const both = [from, to].map(addressOf);
  if (both[0] === both[1])
    throw new OptionsError("ERR_OPTIONS", `copy: both apps are ${both[0]}; name another app with --to`);
  return { from: { ...from, pat: keyOf("from", from, to) }, to: { ...to, pat: keyOf("to", to, from) } };
}

type Side = "from" | "to";

function targetOf(
  side: Side,
  argument: string | undefined,
  option: string | undefined,
  data: string | undefined,
  baseUrl: string | undefined,
): ConnectOptions {
  const fail = (text: string) => new OptionsError("ERR_OPTIONS", `copy: ${text}`);
  if (argument !== undefined && option !== undefined)
    throw fail(`the app to copy ${side} is named twice: ${argument} and --${side} ${option}`);
  if (data !== undefined && baseUrl !== undefined)
    throw fail(`--${side}-store and --${side}-base-url name two places; pass one of them`);
  const name = argument ?? option;
  if (name === undefined) {
    if (data === undefined && baseUrl === undefined)
      throw fail(`the app to copy ${side} is missing: sluice copy <from> <to>, such as me/photos me/photos-2`);
    return { data, baseUrl };
  }
  const parts = name.split("/");
  const [user, app] = parts.length === 1 ? [undefined, parts[0]] : parts;
  if (parts.length > 2 || app === "" || user === "")
    throw fail(`${JSON.stringify(name)} is not an app; name it as user/app, or as app`);
  return { data, baseUrl, userId: user, appId: app };
}

/** Names a target well enough to tell two apart before any connection. */
function addressOf({ data, baseUrl, userId, appId }: ConnectOptions): string {
  const user = userId ?? variable("CLARIFAI_USER_ID") ?? "me";
  const app = appId ?? variable("CLARIFAI_APP_ID") ?? "main";
  return `${user}/${app} at ${data === undefined ? serverOf(baseUrl) : resolve(data)}`;
}

/** The server of a target; without one and without a key, it is the emulator of the default folder. */
function serverOf(baseUrl: string | undefined): string {
  const configured =
    variable("CLARIFAI_API_BASE") ??
    (variable("CLARIFAI_PAT") || variable("CLARIFAI_SESSION_TOKEN")
      ? "https://api.clarifai.com"
      : resolve("./.sluice"));
  return (baseUrl ?? configured).replace(/\/+$/, "");
}

/**
 * Returns the key of one side: its own variable, else CLARIFAI_PAT. If the sides are on two servers, CLARIFAI_PAT is sent to the configured one only, so that no
 * server receives the key of another one.
 */
function keyOf(side: Side, { data, baseUrl }: ConnectOptions, other: ConnectOptions): string | undefined {
  if (data !== undefined) return undefined;
  const own = variable(`CLARIFAI_PAT_${side.toUpperCase()}`);
  const isConfigured = serverOf(baseUrl) === serverOf(undefined);
  const isOnlyServer = other.data !== undefined || serverOf(other.baseUrl) === serverOf(baseUrl);
  if (own !== undefined || isConfigured || isOnlyServer) return own;
  if (URL.canParse(baseUrl as string) && isLoopbackHost(new URL(baseUrl as string).hostname)) return "local";
  const name = `CLARIFAI_PAT_${side.toUpperCase()}`;
  throw new OptionsError(
    "ERR_CREDENTIALS",
    `copy: the key of ${baseUrl} is missing: set ${name}; CLARIFAI_PAT is for ${serverOf(undefined)}`,
  );
}

function variable(name: string): string | undefined {
  const text = process.env[name]?.trim();
  return text === "" ? undefined : text;
}

/** Connects to both apps, runs `work`, and closes the connections, also after an error. */
export async function withTargets<T>(
  targets: { from: ConnectOptions; to: ConnectOptions },
  work: (apps: CopyTargets) => Promise<T>,
): Promise<T> {
  const { connect } = await import("../../index.js");
  const from = await connect(targets.from);
  try {
    const to = await connect(targets.to);
    try {
      return await work({ from, to });
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}
