/** The options that select the stream, for every command that works with other machines. */

import type { Command } from "commander";
import type { NatsAddress } from "../../jetstream/index.js";
import { notEmpty, several } from "./parsing.js";

export interface NatsOptions {
  stream: string;
  servers?: string[];
  credentials?: string;
}

/** Adds the options. A password has no option, because everybody on the machine can see command lines; it is in the file of credentials. */
export function withNats(command: Command): Command {
  return command
    .optionsGroup("Which stream (NATS with JetStream):")
    .option("--stream <name>", "name of the stream", notEmpty, "sluice")
    .option("--servers <url>", "NATS server (default: NATS_URL, else this machine); may be repeated", several)
    .option("--credentials <file>", "credentials for the NATS server (default: NATS_CREDS)", notEmpty);
}

/** Returns the selected stream and the address of its server. */
export function streamOf({ stream, servers, credentials }: NatsOptions): NatsAddress & { stream: string } {
  return { stream, servers, credentials };
}
