#!/usr/bin/env node
/** The command line: thin over the library. */

import { runCommand } from "./program.js";
import { endSoon, watchSignals } from "./shared/ending.js";
import { watchOutput } from "./shared/output.js";

watchOutput();
watchSignals();
await runCommand(process.argv.slice(2));
endSoon();
