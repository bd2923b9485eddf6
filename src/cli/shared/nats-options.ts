/** Engine: the options that say which stream is meant, the same for every command that works with others. */

import type { Command } from "commander";
import type { EngineAddress } from "../../jetstream/index.js";
import { notEmpty, several } from "./parsing.js";

export interface EngineOptions {
  stream: string;
  servers?: string[];
  credentials?: string;
}

/** Adds the options. A password is none of them: it is in a file of credentials. */
export function withEngine(command: Command): Command {
  return command
    .optionsGroup("Which stream (NATS with JetStream):")
    .option("--stream <name>", "name of the stream", notEmpty, "sluice")
    .option("--servers <url>", "server of the engine (default: NATS_URL, else this machine); may be repeated", several)
    .option("--credentials <file>", "credentials for the engine (default: NATS_CREDS)", notEmpty);
}

/** The stream that is meant, and how to reach it. */
export function streamOf({ stream, servers, credentials }: EngineOptions): EngineAddress & { stream: string } {
  return { stream, servers, credentials };
}
