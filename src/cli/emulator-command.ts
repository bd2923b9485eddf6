/** `sluice emulator`: the embedded store as a program of its own. */

import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { describeError, FlowError } from "../core/errors.js";
import { isLoopbackHost } from "../core/net/guarded-fetch.js";
import type { FaultRule } from "../emulator/server/faults.js";
import type { AppName } from "../emulator/server/requests.js";
import { notEmpty, wholeNumber } from "./shared/parsing.js";

interface Options {
  port: number;
  host: string;
  data: string;
  pat?: string;
  appKey?: Record<string, AppName>;
  strict?: boolean;
  lenient?: boolean;
  urls: "fetch" | "accept";
  autoCreate: boolean;
  processingDelayMs: number;
  deleteDelayMs: number;
  allowPrivateFetch?: true;
  rateLimit?: number;
  faults?: FaultRule[];
}

/** Makes the command; it runs until SIGINT or SIGTERM, and then closes its files. */
export function emulatorCommand(): Command {
  return new Command("emulator")
    .summary("runs the embedded store by itself")
    .description("Runs the embedded store: the Inputs API on this machine, with its data in a folder.")
    .option("--port <number>", "port to listen on; 0 takes any that is free", wholeNumber(0, 65_535), 8080)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--data <folder>", "folder of the data", notEmpty, "./.sluice")
    .addOption(
      new Option("--pat <key>", "the one key that is good (default: any that is not empty)")
        .env("SLUICE_EMULATOR_PAT")
        .argParser(notEmpty),
    )
    .option("--app-key <key=user/app>", "a key that is good for one app only; may be repeated", appKey)
    .option("--lenient", "ignores fields and parameters that the API does not have, instead of refusing them")
    .addOption(
      new Option("--strict", "also refuses annotations of inputs that are not processed yet").conflicts("lenient"),
    )
    .addOption(
      new Option(
        "--urls <mode>",
        "what happens to inputs by URL: fetch them, or accept them as processed without their bytes (no internet needed)",
      )
        .choices(["fetch", "accept"])
        .default("fetch"),
    )
    .option("--no-auto-create", "apps and datasets must be made before they are used")
    .option("--processing-delay-ms <number>", "time before an accepted input is processed", wholeNumber(0), 5)
    .option("--delete-delay-ms <number>", "time before a deleted input is gone", wholeNumber(0), 5)
    .option(
      "--allow-private-fetch",
      "fetch URLs from private networks (default: public ones, and those that name this machine)",
    )
    .option("--rate-limit <number>", "requests per second that are granted", wholeNumber(1))
    .option("--faults <file>", "JSON file with a list of faults to rehearse", readRules)
    .addHelpText(
      "after",
      "\nExample:\n  $ sluice emulator --port 8080 --data ./store\n  $ CLARIFAI_API_BASE=http://127.0.0.1:8080 CLARIFAI_PAT=any node upload.js",
    )
    .action(async (options: Options, command: Command) => {
      const { startEmulator } = await import("../emulator/index.js");
      const { appKey: appKeys, rateLimit: requestsPerSecond, ...rest } = options;
      const emulator = await startEmulator({ ...rest, appKeys, requestsPerSecond }).catch((error: unknown) => {
        if (!(error instanceof FlowError)) throw error;
        return command.error(`error: ${error.message}`, { code: error.code });
      });
      if (options.pat === undefined && !isLoopbackHost(options.host)) {
        process.stderr.write(
          `sluice emulator: others reach ${options.host}, and any key is good; --pat asks for one\n`,
        );
      }
      process.stdout.write(`sluice emulator listening on ${emulator.url} (data in ${options.data})\n`);
      const { collectedFiles, inputsWithoutMedia } = emulator.checked;
      if (collectedFiles > 0) process.stderr.write(`deleted ${collectedFiles} media files that no input had\n`);
      if (inputsWithoutMedia > 0) {
        process.stderr.write(
          `the media files of ${inputsWithoutMedia} inputs are missing in ${options.data}: these inputs cannot be downloaded\n`,
        );
      }
      process.stdout.write(`see what is in it, with a browser: ${emulator.galleryUrl()}\n`);
      await new Promise<void>((resolve) => process.once("SIGINT", () => resolve()).once("SIGTERM", () => resolve()));
      await emulator.close();
    });
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
  if (!Array.isArray(rules)) throw new InvalidArgumentError(`${path} must hold a list.`);
  const strange = rules.findIndex((rule: Partial<FaultRule> | null) => typeof rule?.fault?.type !== "string");
  if (strange < 0) return rules as FaultRule[];
  throw new InvalidArgumentError(`${path}: rule ${strange + 1} has no fault with a type.`);
}
