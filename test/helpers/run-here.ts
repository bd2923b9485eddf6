/** Runs commands of the command line in this process, which is faster than a process of its own. */

import { vi } from "vitest";
import { runCommand } from "../../src/cli/program.js";

export interface Ran {
  code: unknown;
  stdout: string;
  stderr: string;
}

/** Runs a command. Neither stdin nor the working directory can be set. */
export async function runHere(...args: string[]): Promise<Ran> {
  const written = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      written[name] += String(text);
      return true;
    }),
  );
  const before = process.exitCode;
  try {
    process.exitCode = 0;
    await runCommand(args);
    return { code: process.exitCode, ...written };
  } finally {
    process.exitCode = before;
    for (const spy of spies) spy.mockRestore();
  }
}
