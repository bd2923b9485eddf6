/** Starts `flow-child.ts` as a process, and reads its output. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { transformSync } from "esbuild";
import { onTestFinished } from "vitest";
import type { Counts } from "../../src/index.js";
import { bundleOf } from "./bundles.js";
import type { FlowChildOptions } from "./flow-child.js";

export interface FlowChildLine {
  ready?: true;
  id?: string;
  state?: string;
  counts?: Counts;
  stopped?: boolean;
  error?: string;
  message?: string;
}

export interface FlowChild {
  process: ChildProcess;
  /** The lines that it has printed so far. */
  lines: FlowChildLine[];
  /** The text that it has written to stderr so far. */
  errors(): string;
  /** Resolves when it has printed a line that passes `test`, or has ended. */
  until(test: (line: FlowChildLine) => boolean): Promise<void>;
  /** Resolves when its text on stderr matches, or it has ended. */
  untilError(text: RegExp): Promise<void>;
  /** Its exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals>;
}

const external = ["libsql", "sharp", "file-type", "csv-parse", "unicode-properties"];
const banner = {
  js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);',
};
let scripts = 0;

/** Bundles a program of this folder into one file. */
export function bundle(name: string): string {
  const entryPoints = [join(import.meta.dirname, `${name}.ts`)];
  return join(bundleOf(name, { entryPoints, external, banner }), `dist/${name}.js`);
}

/** Starts a script, which imports the library as `sluice`, and kills it at the end of the test. */
export function startScript(contents: string): ChildProcess {
  const entryPoints = [join(import.meta.dirname, "../../src/index.ts")];
  const library = bundleOf("library", { entryPoints, external, banner }); // a file in it can import it by its name
  scripts += 1;
  const path = join(library, `script-${process.pid}-${scripts}.mjs`);
  writeFileSync(path, transformSync(contents, { loader: "ts" }).code);
  const child = spawn(process.execPath, [path]);
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** Starts the child. `shell` has commands that run before it in the same shell, such as `ulimit`. */
export function startFlowChild(options: FlowChildOptions, shell = ""): FlowChild {
  const command = [process.execPath, bundle("flow-child"), JSON.stringify(options)];
  const child = spawn("/bin/sh", ["-c", `${shell} exec "$@"`, "sh", ...command], { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: FlowChildLine[] = [];
  const waiting = new Set<() => void>();
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
    for (const wake of waiting) wake();
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(parsed(line));
    for (const wake of waiting) wake();
  });
  const ended = once(child, "close").then(([code, signal]) => {
    for (const wake of waiting) wake();
    return (code ?? signal) as number | NodeJS.Signals;
  });
  const when = (test: () => boolean) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (child.exitCode === null && child.signalCode === null && !test()) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  const until: FlowChild["until"] = (test) => when(() => lines.some(test));
  const untilError: FlowChild["untilError"] = (text) => when(() => text.test(errors));
  return { process: child, lines, errors: () => errors, until, untilError, ended };
}

/** Parses a line. Returns an empty object for a line that a kill has cut. */
function parsed(line: string): FlowChildLine {
  try {
    return JSON.parse(line) as FlowChildLine;
  } catch {
    return {};
  }
}
