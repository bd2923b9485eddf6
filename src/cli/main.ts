#!/usr/bin/env node
/** The command line: thin over the library. */

import { readFileSync } from "node:fs";
import { Command } from "commander";
import { emulatorCommand } from "./emulator-command.js";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};
const program = new Command("sluice")
  .description("Streams images, video, audio and text into Clarifai's Inputs API, or into an embedded store.")
  .version(version, "-v, --version")
  .showHelpAfterError("(sluice --help says more)")
  .addCommand(emulatorCommand());

await program.parseAsync();
