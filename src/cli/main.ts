#!/usr/bin/env node
/** The command line: thin over the library. */

import { Command } from "commander";
import { emulatorCommand } from "./emulator-command.js";

const program = new Command("sluice")
  .description("Streams images, video, audio and text into Clarifai's Inputs API, or into an embedded store.")
  .showHelpAfterError()
  .addCommand(emulatorCommand());

await program.parseAsync();
