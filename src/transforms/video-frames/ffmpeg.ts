/** Starts ffmpeg: without a shell, bound to an abort signal, with its output read chunk by chunk. */

import { spawn } from "node:child_process";
import { codeOf, describeError, InputError } from "../../core/errors.js";

/** A finished process. */
export interface Exit {
  code: number | null;
  /** The signal that ended it: it crashed, or another process killed it. */
  killedBy: NodeJS.Signals | null;
}

/** Receives the output of ffmpeg. A promise that `output` returns holds ffmpeg back. */
export interface Readers {
  output(chunk: Buffer): void | Promise<void>;
  log(chunk: string): void;
}

/**
 * Runs ffmpeg to its end. Kills it if the signal aborts, or if a reader throws.
 *
 * @throws {InputError} ERR_FFMPEG_MISSING, and what the readers throw
 */
export async function runFfmpeg(
  path: string,
  args: readonly string[],
  readers: Readers,
  signal: AbortSignal,
): Promise<Exit> {
  signal.throwIfAborted();
  const env = { ...process.env, AV_LOG_FORCE_NOCOLOR: "1" };
  const child = spawn(path, args, { stdio: ["ignore", "pipe", "pipe"], env, windowsHide: true });
  const kill = () => void child.kill("SIGKILL");
  signal.addEventListener("abort", kill);
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once("error", (error) => reject(missing(path, error)));
    child.once("close", (code, killedBy) => resolve({ code, killedBy }));
  });
  exited.catch(() => undefined); // awaited below
  try {
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => readers.log(chunk));
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) await readers.output(chunk);
    const exit = await exited;
    signal.throwIfAborted();
    return exit;
  } catch (error) {
    kill();
    // If ffmpeg did not start, its pipes end with an error of their own.
    const failed = await exited.then(
      () => error,
      (reason: unknown) => reason,
    );
    throw signal.aborted ? signal.reason : failed;
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

const versions = new Map<string, Promise<string>>();

/**
 * Returns the option that makes ffmpeg write each frame once, whose name depends on the version. Asks each program once.
 *
 * @throws {InputError} ERR_FFMPEG_MISSING
 */
export async function passOption(path: string): Promise<[string, string]> {
  const asked = versions.get(path) ?? versionOf(path);
  versions.set(path, asked);
  try {
    const [, major, minor] = /^ffmpeg version n?(\d+)\.(\d+)/.exec(await asked) ?? [];
    const isOld = major !== undefined && (Number(major) < 5 || (major === "5" && minor === "0"));
    return [isOld ? "-vsync" : "-fps_mode", "passthrough"];
  } catch (error) {
    versions.delete(path); // it may be installed later
    throw error;
  }
}

/** Longest time for an answer about the version. */
const versionMs = 20_000;

async function versionOf(path: string): Promise<string> {
  let text = "";
  const readers = { output: (chunk: Buffer) => void (text += chunk.toString("latin1")), log: () => undefined };
  const { code } = await runFfmpeg(path, ["-hide_banner", "-version"], readers, AbortSignal.timeout(versionMs)).catch(
    (error: unknown) => {
      throw error instanceof InputError ? error : missing(path, error);
    },
  );
  if (code === 0 && text.startsWith("ffmpeg version ")) return text;
  throw missing(path, new Error(`it does not answer -version as ffmpeg does (exit code ${code})`));
}

function missing(path: string, cause: unknown): InputError {
  const fact = codeOf(cause, "") === "ENOENT" ? "it does not exist" : describeError(cause);
  const what = path === "ffmpeg" ? "ffmpeg on the PATH" : path;
  const step = "install ffmpeg (apt-get install ffmpeg, brew install ffmpeg, winget install ffmpeg)";
  const text = `${what} cannot be started: ${fact}; ${step}, or name the program with ffmpegPath or FFMPEG_PATH`;
  return new InputError("ERR_FFMPEG_MISSING", text, { cause });
}
