/** A run that records what it changes, or its undo, as a separate program, which tests kill at any moment. Its options are JSON in the first argument. */

import { writeSync } from "node:fs";
import { connect, undo } from "../../src/index.js";
import { type ChangeVerb, changeFlow } from "./undo-flows.js";

export interface UndoChildOptions {
  url: string;
  verb: ChangeVerb | "undo";
  path: string;
  /** Number of inputs in the app. */
  count: number;
}

const { url, verb, path, count } = JSON.parse(process.argv[2] ?? "") as UndoChildOptions;
const app = await connect({ baseUrl: url, pat: "any" });
writeSync(1, "ready\n");
const report =
  verb === "undo" ? await undo(app, path) : await changeFlow(app, verb, count).run({ undo: { path, media: true } });
writeSync(1, `${JSON.stringify({ counts: report.counts, failures: report.failures.slice(0, 3) })}\n`);
process.exit(report.exitCode);
