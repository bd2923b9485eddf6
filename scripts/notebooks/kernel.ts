/** Runs code in Deno's Jupyter kernel, as a front end does. */

import { spawn } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An output of a cell, as notebooks save it. */
export type Output =
  | { output_type: "stream"; name: string; text: string }
  | { output_type: "display_data"; data: Record<string, string>; metadata: object }
  | { output_type: "execute_result"; data: Record<string, string>; metadata: object; execution_count: number }
  | { output_type: "error"; ename: string; evalue: string; traceback: string[] };

export interface Kernel {
  /** Runs the code of a cell; returns its outputs as a front end shows them when the cell is done. */
  execute(code: string): Promise<Output[]>;
  close(): Promise<void>;
}

/** The parts of the package `zeromq` that are used. */
interface Zeromq {
  Dealer: new (options: object) => Sender;
  Subscriber: new (options: object) => Socket & { subscribe(): void };
}
interface Socket {
  connect(address: string): void;
  receiveTimeout: number;
  receive(): Promise<Buffer[]>;
  close(): void;
}

interface Sender extends Socket {
  send(parts: string[]): Promise<void>;
}

interface Message {
  type: string;
  parent: string | undefined;
  content: Record<string, unknown>;
}

const host = "127.0.0.1";
/** Longest wait for a message of the kernel. */
const receiveTimeoutMs = 60_000;
/** How long the kernel must send nothing after a cell. */
const quietMs = 1000;

/**
 * Starts a kernel in a folder.
 *
 * @param tools folder in which `npm install deno zeromq` was run.
 * @throws {Error} (rejects) if the packages are not there.
 */
export async function startKernel(tools: string, cwd: string): Promise<Kernel> {
  const load = createRequire(join(tools, "package.json"));
  const zeromq = load("zeromq") as Zeromq;
  const connection = await newConnection();
  const folder = await mkdtemp(join(tmpdir(), "sluice-kernel-"));
  const file = join(folder, "connection.json");
  await writeFile(file, JSON.stringify(connection));
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" } as NodeJS.ProcessEnv; // no key, and no target
  const command = [load.resolve("deno/bin.cjs"), "jupyter", "--kernel", "--conn", file];
  const child = spawn(process.execPath, command, { cwd, env, stdio: "ignore", detached: true });
  const exited = once(child, "exit");

  const shell = new zeromq.Dealer({ receiveTimeout: receiveTimeoutMs, linger: 0 });
  const published = new zeromq.Subscriber({ receiveTimeout: receiveTimeoutMs, linger: 0 });
  shell.connect(`tcp://${host}:${connection.shell_port}`);
  published.connect(`tcp://${host}:${connection.iopub_port}`);
  published.subscribe();
  const request = requester(shell, connection.key);
  const close = async () => {
    shell.close();
    published.close();
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL"); // Deno is a child of the command; a kernel has nothing to save
    await exited;
    await rm(folder, { recursive: true });
  };
  await ready(() => request("kernel_info_request", {}), shell, published).catch(async (error: unknown) => {
    await close();
    throw new Error("Deno's kernel did not answer", { cause: error });
  });
  return {
    async execute(code) {
      const content = { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false };
      const id = await request("execute_request", content);
      return await outputsOf(id, published);
    },
    close,
  };
}

/** Chooses free ports for the sockets of a kernel, and a key for its messages. */
async function newConnection() {
  return {
    transport: "tcp",
    ip: host,
    key: randomUUID() as string,
    signature_scheme: "hmac-sha256",
    shell_port: await freePort(),
    iopub_port: await freePort(),
    stdin_port: await freePort(),
    control_port: await freePort(),
    hb_port: await freePort(),
  };
}

/** Returns a function that sends signed requests, and returns their ids. */
function requester(shell: Sender, key: string): (type: string, content: object) => Promise<string> {
  const session = randomUUID();
  return async (type, content) => {
    const id = randomUUID();
    const date = new Date().toISOString();
    const header = { msg_id: id, msg_type: type, session, username: "", date, version: "5.3" };
    const parts = [header, {}, {}, content].map((part) => JSON.stringify(part));
    const signature = createHmac("sha256", key).update(parts.join("")).digest("hex");
    await shell.send(["<IDS|MSG>", signature, ...parts]);
    return id;
  };
}

/** Asks the kernel for its name until the answer has arrived on both sockets, since a new subscription misses messages. */
async function ready(ask: () => Promise<string>, shell: Socket, published: Socket): Promise<void> {
  await ask();
  await shell.receive();
  const heard = published.receive();
  heard.catch(() => undefined);
  for (let isHeard = false; !isHeard; ) {
    const id = await ask();
    await shell.receive();
    let parts = await Promise.race([heard, new Promise<undefined>((done) => setTimeout(done, 50, undefined))]);
    isHeard = parts !== undefined;
    while (parts && !isIdle(messageOf(parts), id)) parts = await published.receive(); // the first that is heard may be the last one
  }
}

/**
 * Collects the outputs of a request until the kernel is idle and has been quiet for a moment. Deno's kernel often sends outputs after it has said that it
 * is idle; front ends add them to the cell of their request.
 */
async function outputsOf(id: string, published: Socket): Promise<Output[]> {
  const outputs: Output[] = [];
  const displays = new Map<string, Output>();
  let isDone = false;
  for (;;) {
    const parts = await published.receive().catch((error: unknown) => {
      if (!isDone) throw error;
    });
    if (!parts) break;
    const message = messageOf(parts);
    const { type, content, parent } = message;
    if (isIdle(message, id)) {
      isDone = true;
      published.receiveTimeout = quietMs;
    }
    if (parent !== id) continue;
    const display = (content.transient as { display_id?: string } | undefined)?.display_id;
    const { transient: _, ...saved } = content;
    if (type === "stream") addText(outputs, content as { name: string; text: string });
    else if (type === "update_display_data") Object.assign(displays.get(display ?? "") ?? {}, saved);
    else if (type === "display_data" || type === "execute_result" || type === "error") {
      const output = { output_type: type, ...saved } as Output;
      if (display !== undefined) displays.set(display, output);
      outputs.push(output);
    }
  }
  published.receiveTimeout = receiveTimeoutMs;
  return outputs;
}

/** Adds text to the last output if that is of the same stream. */
function addText(outputs: Output[], { name, text }: { name: string; text: string }): void {
  const last = outputs.at(-1);
  if (last?.output_type === "stream" && last.name === name) last.text += text;
  else outputs.push({ output_type: "stream", name, text });
}

function isIdle({ type, parent, content }: Message, id: string): boolean {
  return type === "status" && content.execution_state === "idle" && parent === id;
}

function messageOf(parts: readonly Buffer[]): Message {
  const start = parts.findIndex((part) => part.toString() === "<IDS|MSG>") + 2;
  const [header, parent, , content] = parts.slice(start).map((part) => JSON.parse(part.toString()) as object);
  const { msg_type: type } = header as { msg_type: string };
  return { type, parent: (parent as { msg_id?: string }).msg_id, content: content as Message["content"] };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
