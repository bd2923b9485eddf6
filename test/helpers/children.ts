/** Starts `flow-child.ts` as a process, and reads its output. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type BuildOptions, buildSync } from "esbuild";
import { onTestFinished } from "vitest";
import type { Counts } from "../../src/index.js";
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

const bundled = new Map<string, string>();
let scripts = 0;

/** Bundles a program of this folder into one file, which starts in a fifth of the time. The file lies where Node.js finds the external modules. */
export function bundle(name: string): string {
  const existing = bundled.get(name);
  if (existing) return existing;
  const outfile = build({ entryPoints: [join(import.meta.dirname, `${name}.ts`)] }, name);
  bundled.set(name, outfile);
  return outfile;
}

/** Starts a script, which imports the library as `sluice`, and kills it at the end of the test. */
export function startScript(contents: string): ChildProcess {
  scripts += 1;
  const name = `script-${process.pid}-${scripts}`;
  const alias = { sluice: join(import.meta.dirname, "../../src/index.ts") };
  const file = build({ stdin: { contents, resolveDir: import.meta.dirname, loader: "ts" }, alias }, name);
  const child = spawn(process.execPath, [file]);
  onTestFinished(() => {
    child.kill("SIGKILL");
    rmSync(file);
  });
  return child;
}

function build(options: BuildOptions, name: string): string {
  const outfile = join(import.meta.dirname, `../../node_modules/.cache/sluice-test/${name}.mjs`);
  const building = `${outfile}.${process.pid}`; // other test files may be running the current file
  buildSync({
    ...options,
    outfile: building,
    bundle: true,
    external: ["libsql", "sharp", "file-type", "csv-parse", "unicode-properties"],
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
    format: "esm",
    platform: "node",
  });
  renameSync(building, outfile);
  return outfile;
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
