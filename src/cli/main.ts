#!/usr/bin/env node
/** The command line: thin over the library. */

import { runCommand } from "./program.js";

// Whoever reads the output may have enough of it: `sluice list | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

await runCommand(process.argv.slice(2));
