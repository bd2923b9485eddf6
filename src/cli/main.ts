#!/usr/bin/env node

/** The command line, a thin layer over the library. */

import { exitSoon, watchSignals } from "./common/exit.js";
import { watchOutput } from "./common/output.js";
import { runCommand } from "./program.js";

watchOutput();
watchSignals();
await runCommand(process.argv.slice(2));
exitSoon();
