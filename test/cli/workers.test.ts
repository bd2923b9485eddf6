/** `sluice submit`, `work` and `status`: one pipeline on many machines, which are processes here. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { flow } from "../../src/index.js";
import { jetstream, streamReport } from "../../src/jetstream/index.js";
import { startCommand } from "../helpers/command.js";
import { describeWithNats } from "../helpers/nats-server.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const library = join(import.meta.dirname, "../../dist/index.js");
/** Its inputs wait for the file `go`, so that no worker finishes them before the others have started. */
const pipeline = `
  import { existsSync } from "node:fs";
  import { setTimeout as sleep } from "node:timers/promises";
  import { batch, connect, defineTransform, flow, tagMetadata, upload } from ${JSON.stringify(library)};
  const app = await connect({ requestsPerSecond: 40 });
  const waitForGo = defineTransform({
    name: "wait-for-go",
    async apply(input) {
      while (!existsSync("go")) await sleep(20);
      return input;
    },
  })();
  export default (source) =>
    flow(source).pipe(waitForGo, tagMetadata({ split: "train" }), batch({ maxItems: 8 }), upload(app));
`;
const count = 400;

describeWithNats("workers of a stream", (nats) => {
  it("upload each input once, while one worker is killed and another starts late", { timeout: 60_000 }, async () => {
    const { store } = await openStore();
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, "pipeline.mjs"), pipeline);
    writeFileSync(
      join(cwd, "texts.jsonl"),
      Array.from({ length: count }, (_, n) => `${JSON.stringify({ id: `t${n}`, text: `text ${n}` })}\n`).join(""),
    );
    const env = { NATS_URL: nats.servers, CLARIFAI_API_BASE: store.url, CLARIFAI_PAT: "any" };
    const start = (...args: string[]) => startCommand([...args, "--stream", "texts"], { cwd, env });

    // The first worker creates the consumer, and so sets for all workers how long the server waits for a dead one.
    await flow(jetstream({ stream: "texts", servers: nats.servers, ackWaitMs: 1000, endWhenEmpty: true })).run();
    const submitted = await start("submit", "texts.jsonl").ended;
    expect(submitted).toMatchObject({ code: 0, stdout: expect.stringMatching(/^read 400 = ok 400 /) });

    const work = () => start("work", "pipeline.mjs", "--end-when-empty");
    const [killed, other] = [work(), work()];
    const workers = async () => (await streamReport({ stream: "texts", servers: nats.servers })).workers;
    await expect.poll(workers, { timeout: 30_000 }).toHaveLength(2);
    writeFileSync(join(cwd, "go"), "");
    await expect.poll(() => store.stored().length, { timeout: 30_000, interval: 20 }).toBeGreaterThan(40);
    killed.child.kill("SIGKILL");
    const late = work();
    const ended = await Promise.all([other.ended, late.ended]);
    expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ""],
      [0, ""],
    ]);
    const stored = store.stored();
    expect(stored.map(({ id }) => id).toSorted()).toEqual(Array.from({ length: count }, (_, n) => `t${n}`).toSorted());
    expect(stored.filter(({ timesStored }) => timesStored > 1)).toEqual([]);
    const status = await start("status", "--watch").ended;
    const closed = "read 400 = ok 400 + failed 0 + skipped 0 + pending 0 + in flight 0\n";
    expect(status.code).toBe(0);
    expect(status.stdout).toContain(closed);
    expect(status.stdout).toMatch(/^workers: 1 (alive|gone)\n {2}\S+-\d+: (alive|gone), \d+ in progress/m); // the killed one
  });

  it("print one line on an error", async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, "empty.mjs"), "export const pipeline = 1;");
    writeFileSync(join(cwd, "no-flow.mjs"), "export default () => 1;");
    const env = { NATS_URL: nats.servers };
    const cases: [string[], number, string][] = [
      [["work", "nowhere.mjs"], 2, "nowhere.mjs: does not exist"],
      [["work", "empty.mjs"], 2, "empty.mjs: its default export must be a function: "],
      [["run", "no-flow.mjs", "."], 2, "no-flow.mjs: its function must return a flow: "],
      [["submit"], 2, "submit: name at least one source, or pass --failed without a source"],
      [["submit", ".", "--failed"], 2, "submit: name at least one source, or pass --failed without a source"],
      [["status", "--stream", "none"], 1, "streamReport: the NATS server has no stream none; publishTo creates it"],
      [["status", "--servers", "nats://127.0.0.1:1"], 1, "streamReport: no NATS server answers at nats://127.0.0.1:1 "],
    ];
    const all = cases.map(([args]) => startCommand(args, { cwd, env }).ended);
    for (const [index, ended] of (await Promise.all(all)).entries()) {
      const [args, code, text] = cases[index] ?? [];
      expect([args, ended.code, ended.stderr]).toEqual([args, code, expect.stringContaining(`error: ${text}`)]);
    }
  });
});
