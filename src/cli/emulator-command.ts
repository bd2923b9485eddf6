/** `sluice emulator`: the emulator as a program of its own. */

import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { describeError, FlowError } from "../core/errors.js";
import { isLoopbackHost } from "../core/net/addresses.js";
import type { Emulator } from "../emulator/index.js";
import type { FaultRule } from "../emulator/server/faults.js";
import type { AppName } from "../emulator/server/requests.js";
import { notEmpty, wholeNumber } from "./common/parsing.js";

interface Options {
  port: number;
  grpc?: number;
  host: string;
  data: string;
  pat?: string;
  appKey?: Record<string, AppName>;
  strict?: boolean;
  lenient?: boolean;
  urls: "fetch" | "accept";
  autoCreate: boolean;
  readOnlyGallery?: boolean;
  processingDelayMs: number;
  deleteDelayMs: number;
  allowPrivateFetch?: true;
  rateLimit?: number;
  faults?: FaultRule[];
}

/** Creates the command. It runs until SIGINT or SIGTERM, and then closes its files. */
export function emulatorCommand(): Command {
  const command = new Command("emulator")
    .summary("runs the emulator for other programs")
    .description("Runs the emulator: a server of the Inputs API on this machine, with its data in a folder.");
  return withFaults(withAnswers(withServer(command)))
    .addHelpText(
      "after",
      "\nExample:\n  $ sluice emulator --port 8080 --data ./store\n  $ CLARIFAI_API_BASE=http://127.0.0.1:8080 CLARIFAI_PAT=any node upload.js",
    )
    .action(runEmulator);
}

function withServer(command: Command): Command {
  return command
    .option("--port <number>", "port to listen on; 0 picks a free one", wholeNumber(0, 65_535), 8080)
    .option("--grpc <port>", "port of a gRPC server with the same data; 0 picks a free one", wholeNumber(0, 65_535))
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--data <folder>", "data folder", notEmpty, "./.sluice")
    .addOption(
      new Option("--pat <key>", "the only accepted key (default: any key that is not empty)")
        .env("SLUICE_EMULATOR_PAT")
        .argParser(notEmpty),
    )
    .option("--read-only-gallery", "show the gallery without actions that change data")
    .option("--app-key <key=user/app>", "a key that is accepted for one app only; may be repeated", appKey);
}

function withAnswers(command: Command): Command {
  return command
    .option("--lenient", "ignore fields and parameters that the API does not have, instead of refusing them")
    .addOption(
      new Option("--strict", "also refuse annotations of inputs that are not processed yet").conflicts("lenient"),
    )
    .addOption(
      new Option(
        "--urls <mode>",
        "what happens to inputs by URL: fetch them, or accept them as processed without their bytes (no internet needed)",
      )
        .choices(["fetch", "accept"])
        .default("fetch"),
    )
    .option("--no-auto-create", "require that apps and datasets are created before their first use")
    .option(
      "--allow-private-fetch",
      "fetch URLs from private networks (default: only public URLs, and URLs of this machine)",
    );
}

function withFaults(command: Command): Command {
  return command
    .option("--processing-delay-ms <number>", "time before an accepted input is processed", wholeNumber(0), 5)
    .option("--delete-delay-ms <number>", "time before a deleted input disappears", wholeNumber(0), 5)
    .option("--rate-limit <number>", "accepted requests per second", wholeNumber(1))
    .option("--faults <file>", "JSON file with a list of faults to inject", readRules);
}

async function runEmulator(options: Options, command: Command): Promise<void> {
  const { startEmulator } = await import("../emulator/index.js");
  const { appKey: appKeys, rateLimit: requestsPerSecond, grpc: grpcPort, ...rest } = options;
  const emulator = await startEmulator({ ...rest, appKeys, requestsPerSecond, grpcPort }).catch((error: unknown) => {
    if (!(error instanceof FlowError)) throw error;
    return command.error(`error: ${error.message}`, { code: error.code });
  });
  announce(emulator, options);
  await new Promise<void>((resolve) => process.once("SIGINT", () => resolve()).once("SIGTERM", () => resolve()));
  await emulator.close();
}

/** Prints the addresses on stdout, and warnings on stderr. */
function announce(emulator: Emulator, { pat, host, data }: Options): void {
  const warn = (text: string) => void process.stderr.write(`sluice emulator: ${text}\n`);
  if (pat === undefined && !isLoopbackHost(host)) {
    warn(`other machines can reach ${host}, and any key is accepted; set --pat to accept one key only`);
  }
  process.stdout.write(`sluice emulator listening on ${emulator.url} (data in ${data})\n`);
  if (emulator.grpcUrl !== undefined) process.stdout.write(`gRPC, for SDKs: ${emulator.grpcUrl}\n`);
  const { collectedFiles, inputsWithoutMedia } = emulator.checked;
  if (collectedFiles > 0) warn(`deleted ${collectedFiles} media files that belong to no input`);
  if (inputsWithoutMedia > 0) {
    warn(`${inputsWithoutMedia} inputs in ${data} have no media file, and cannot be downloaded`);
  }
  process.stdout.write(`gallery, a link that opens one browser: ${emulator.galleryUrl()}\n`);
}

function appKey(text: string, before: Record<string, AppName> = {}): Record<string, AppName> {
  const [, key, userId, appId] = /^(\S+)=([^/=]+)\/([^/=]+)$/.exec(text) ?? [];
  if (!key || !userId || !appId) throw new InvalidArgumentError("It must be key=user/app.");
  return { ...before, [key]: { userId, appId } };
}

function readRules(path: string): FaultRule[] {
  let rules: unknown;
  try {
    rules = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new InvalidArgumentError(`${path}: ${describeError(error)}`);
  }
  if (!Array.isArray(rules)) throw new InvalidArgumentError(`${path} must contain a list.`);
  const invalid = rules.findIndex((rule: Partial<FaultRule> | null) => typeof rule?.fault?.type !== "string");
  if (invalid < 0) return rules as FaultRule[];
  throw new InvalidArgumentError(`${path}: rule ${invalid + 1} has no fault with a type.`);
}
