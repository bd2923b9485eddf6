/** A pipeline of the user's own: a module whose default export makes a flow of a source. */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Command } from "commander";
import { codeOf, describeError, OptionsError } from "../../core/errors.js";
import type { Flow } from "../../core/flow/flow.js";
import type { Pipeline } from "../../core/flow/pipeline.js";
import type { Source } from "../../core/plugin/source.js";
import { fromProject } from "./from-project.js";

/** Adds the argument. */
export function withPipeline(command: Command): Command {
  return command.argument("<pipeline>", "module whose default export makes a flow of a source");
}

/**
 * Loads a module and makes its flow.
 *
 * @throws {OptionsError} ERR_PIPELINE when it is not there, cannot be loaded, or has another default export
 */
export async function pipelineOf(path: string, source: Source | readonly Source[]): Promise<Flow<unknown>> {
  const refuse = (text: string, cause?: unknown) => new OptionsError("ERR_PIPELINE", `${path}: ${text}`, { cause });
  if (!existsSync(path)) throw refuse("does not exist");
  let loaded: { default?: unknown };
  try {
    // Node.js from version 22.18 on needs no help with it.
    if (/\.[cm]?tsx?$/.test(path)) (await fromProject<{ register(): void }>("tsx/esm/api"))?.register();
    loaded = (await import(pathToFileURL(resolve(path)).href)) as { default?: unknown };
  } catch (error) {
    const isTypes = codeOf(error, "").endsWith("UNKNOWN_FILE_EXTENSION");
    throw refuse(isTypes ? "this Node.js reads no TypeScript: npm install tsx" : describeError(error), error);
  }
  const make = loaded.default;
  const hint = "export default (source) => flow(source).pipe(…)";
  if (typeof make !== "function") throw refuse(`its default export has to be a function: ${hint}`);
  const made = await (make as Pipeline)(source);
  if (typeof (made as Partial<Flow> | undefined)?.run !== "function")
    throw refuse(`its function has to give a flow: ${hint}`);
  return made;
}
