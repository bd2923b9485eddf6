/** Starts a NATS server for a test file, on a loopback port and with its data in a temporary folder. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "vitest";

const isInstalled = (() => {
  try {
    execFileSync("nats-server", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/** A NATS server that a test can kill and start again with the same data. */
export interface TestNatsServer {
  /** The address at which it listens. */
  readonly servers: string;
  start(): Promise<void>;
  /** Kills it with SIGKILL, and waits for its end. */
  kill(): Promise<void>;
}

/** Describes tests that need a NATS server. Skips them if none is installed; the title then has the command that installs it. */
export function describeWithNats(name: string, tests: (nats: TestNatsServer) => void): void {
  const title = isInstalled ? name : `${name} (skipped: no nats-server; apt-get install nats-server)`;
  describe.skipIf(!isInstalled)(title, () => {
    const data = mkdtempSync(join(tmpdir(), "sluice-nats-"));
    let port = 0;
    let child: ChildProcess | undefined;
    const nats: TestNatsServer = {
      get servers() {
        return `nats://127.0.0.1:${port}`;
      },
      async start() {
        port ||= await freePort();
        child = spawn("nats-server", ["-js", "-sd", data, "-a", "127.0.0.1", "-p", `${port}`], { stdio: "pipe" });
        let log = "";
        await new Promise<void>((resolve, reject) => {
          child?.stderr?.on("data", (chunk: Buffer) => {
            log += chunk.toString();
            if (log.includes("Server is ready")) resolve();
          });
          child?.once("exit", () => reject(new Error(`nats-server ended: ${log}`)));
        });
      },
      async kill() {
        const killed = child;
        if (!killed || killed.exitCode !== null || killed.signalCode !== null) return;
        const ended = new Promise((resolve) => killed.once("exit", resolve));
        killed.kill("SIGKILL");
        await ended;
      },
    };
    beforeAll(() => nats.start());
    afterAll(async () => {
      await nats.kill();
      rmSync(data, { recursive: true, force: true });
      expect(child?.signalCode).toBe("SIGKILL");
    });
    tests(nats);
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
