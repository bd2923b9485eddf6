/** The example of many machines runs unchanged, with the built library. */

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { describeWithNats } from "../helpers/nats-server.js";
import { temporaryFolder } from "../helpers/store.js";

const root = join(import.meta.dirname, "../..");

describeWithNats("the example of many machines", (nats) => {
  it("uploads the same inputs on one machine and on many", { timeout: 60_000 }, async () => {
    const { PATH, HOME, NODE_OPTIONS } = process.env;
    const env = { PATH, HOME, NODE_OPTIONS, NATS_URL: nats.servers } as NodeJS.ProcessEnv;
    const args = [
      join(root, "node_modules/tsx/dist/cli.mjs"),
      "--tsconfig",
      join(root, "test/helpers/built.tsconfig.json"),
    ];
    const run = async (name: string) => {
      const script = join(root, "examples/many-machines", name);
      return (await promisify(execFile)(process.execPath, [...args, script], { cwd: temporaryFolder(), env })).stdout;
    };
    const [one, many] = await Promise.all([run("on-one.ts"), run("on-many.ts")]);
    expect(one).toMatch(/^read 3 = ok 3 /);
    expect(many).toMatch(
      /submitted: read \d+ = ok (\d+) [\s\S]*all of it: read \1 = ok \1 \+ failed 0 \+ skipped 0 \+ pending 0/,
    );
  });
});
