/** Starts the command line as a child process. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { bundleOf } from "./bundles.js";

/** Bundles the command into a few files. */
export function bundledCommand(): string {
  const entryPoints = { "cli/main": join(import.meta.dirname, "../../src/cli/main.ts") };
  return join(bundleOf("command", { entryPoints, splitting: true, packages: "external" }), "dist/cli/main.js");
}

export interface Ended {
  code: number | NodeJS.Signals;
  stdout: string;
  stderr: string;
}

/** Starts `sluice` with arguments in a folder. Its environment is `env`, with PATH, HOME and NODE_OPTIONS. */
export function startCommand(
  args: readonly string[],
  {
    cwd,
    env = {},
    stdin = "",
    stdoutTo,
  }: {
    cwd: string;
    env?: Record<string, string>;
    stdin?: string;
    /** A file that receives its output. */
    stdoutTo?: string;
  },
): { child: ChildProcess; ended: Promise<Ended> } {
  const { PATH, HOME, NODE_OPTIONS } = process.env;
  const stdout = stdoutTo === undefined ? "pipe" : openSync(stdoutTo, "w");
  const child = spawn(process.execPath, [bundledCommand(), ...args], {
    cwd,
    env: { PATH, HOME, NODE_OPTIONS, ...env } as NodeJS.ProcessEnv,
    stdio: ["pipe", stdout, "pipe"],
  });
  if (typeof stdout === "number") closeSync(stdout);
  onTestFinished(() => void child.kill("SIGKILL"));
  const output = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => void (output.stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => void (output.stderr += text));
  child.stdin?.on("error", () => undefined).end(stdin); // the program may have ended before it is written
  const ended = once(child, "close").then(([code, signal]) => ({
    code: (code ?? signal) as number | NodeJS.Signals,
    ...output,
  }));
  return { child, ended };
}
