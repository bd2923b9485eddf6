/** Runs the pipeline on this machine alone. `sluice run pipeline.ts <folder>` does the same. */

import { join } from "node:path";
import { folder } from "sluice";
import pipeline from "./pipeline.js";

const photos = folder(join(import.meta.dirname, "../data/harbour"));
const report = await (await pipeline(photos)).run();
console.log(report.summary());
process.exitCode = report.exitCode;
