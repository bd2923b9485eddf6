#!/usr/bin/env node
/** The command line, a thin layer over the library. */

import { runCommand } from "./program.js";
import { exitSoon, watchSignals } from "./shared/exit.js";
import { watchOutput } from "./shared/output.js";

watchOutput();
watchSignals();
await runCommand(process.argv.slice(2));
exitSoon();
