/** One run: starts a new server and a contender as two processes, and measures time, memory and the inputs that arrived. */

import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const patienceMs = 600_000;
const fileOf = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Returns the measurements of a contender, over a `link` if there is one: `seconds`, `cpuSeconds`, `peakBytes`, `requests` and `bytes`, or `failed` with the reason. */
export async function run(verb, contender, set, path, link) {
  const server = fork(fileOf(`servers/${contender.server}.mjs`), [path, set.kind], {
    execArgv: [],
    ...(link && { execPath: link.execPath, execArgv: link.execArgv, env: { ...process.env, BENCH_HOST: link.host } }),
  });
  const ended = once(server, "exit").then(() => {
    throw new Error(`the ${contender.server} server ended by itself`);
  });
  const [{ port }] = await Promise.race([once(server, "message"), ended]);
  const usage = new URL("usage.mjs", import.meta.url).href;
  const script = fileOf(`contenders/${verb}/${contender.name}.mjs`);
  const folder = verb === "download" ? emptyFolder() : path;
  const options = [folder, `http://${link?.host ?? "127.0.0.1"}:${port}`, set.kind, String(set.count), set.extension];

  if (verb === "upload") readOnce(path);
  const started = performance.now();
  const child = spawn(process.execPath, ["--import", usage, script, ...options], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    timeout: patienceMs,
  });
  const [[code, signal], errors, report] = await Promise.all([
    once(child, "close"),
    text(child.stderr),
    text(child.stdio[3]),
  ]);
  const seconds = (performance.now() - started) / 1000;

  server.send("counts");
  const [{ requests, bytes, inputs }] = await once(server, "message");
  server.disconnect();
  if (code !== 0) return { failed: reasonIn(errors) ?? `ended with ${signal ?? `exit code ${code}`}` };
  if (inputs !== set.count) return { failed: `${inputs} of ${set.count} inputs arrived` };
  if (verb === "download" && contender.name !== "raw") {
    const arrived = wholeFiles(folder, set);
    if (arrived !== set.count) return { failed: `${arrived} of ${set.count} files are there in full` };
  }
  return { seconds, requests, bytes, ...JSON.parse(report) };
}

/** Reads the files into the cache of the system, so that the disk is not part of the measurement. */
function readOnce(path) {
  const paths = statSync(path).isFile() ? [path] : readdirSync(path).map((name) => join(path, name));
  for (const one of paths) readFileSync(one);
}

function emptyFolder() {
  const folder = join(tmpdir(), "sluice-bench", "out");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

function wholeFiles(folder, { bytes, extension }) {
  const names = readdirSync(folder).filter((name) => name.endsWith(`.${extension}`));
  return names.filter((name) => statSync(join(folder, name)).size === bytes).length;
}

function reasonIn(errors) {
  return /^(?:FATAL ERROR|\w*Error\b).*$/m.exec(errors)?.[0];
}
