/** Starts the command line as a child process. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { onTestFinished } from "vitest";

const root = join(import.meta.dirname, "../..");
let bundled: string | undefined;

/** Bundles the command into a few files, which start in a fifth of the time. They are laid out as in the package, where Node.js finds the modules. */
export function bundledCommand(): string {
  if (bundled) return bundled;
  const cache = join(root, "node_modules/.cache/sluice-test");
  const folder = join(cache, `cli-${process.pid}`);
  // All test files of this process share the bundle, and none knows which is the last. So the next process removes the bundles of ended ones.
  for (const name of existsSync(cache) ? readdirSync(cache) : []) {
    if (/^cli-\d+$/.test(name) && !isAlive(Number(name.slice(4))))
      rmSync(join(cache, name), { recursive: true, force: true });
  }
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(root, "package.json"), join(folder, "package.json"));
  buildSync({
    entryPoints: { "cli/main": join(root, "src/cli/main.ts") },
    outdir: join(folder, "dist"),
    bundle: true,
    splitting: true,
    packages: "external",
    format: "esm",
    platform: "node",
  });
  bundled = join(folder, "dist/cli/main.js");
  return bundled;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
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
