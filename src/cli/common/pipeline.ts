/** Loads the user's own pipeline: a module whose default export makes a flow from a source. */

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
  return command.argument("<pipeline>", "module whose default export makes a flow from a source");
}

/**
 * Loads a module and makes its flow from a source.
 *
 * @throws {OptionsError} ERR_PIPELINE if the module does not exist, cannot be loaded, or has another default export
 */
export async function pipelineOf(path: string, source: Source | readonly Source[]): Promise<Flow<unknown>> {
  const refuse = (text: string, cause?: unknown) => new OptionsError("ERR_PIPELINE", `${path}: ${text}`, { cause });
  if (!existsSync(path)) throw refuse("does not exist");
  let loaded: { default?: unknown };
  try {
    // Node.js reads TypeScript by itself from version 22.18 on; older versions need tsx.
    if (/\.[cm]?tsx?$/.test(path)) (await fromProject<{ register(): void }>("tsx/esm/api"))?.register();
    loaded = (await import(pathToFileURL(resolve(path)).href)) as { default?: unknown };
  } catch (error) {
    const isTypeScript = codeOf(error, "").endsWith("UNKNOWN_FILE_EXTENSION");
    throw refuse(
      isTypeScript ? "this version of Node.js cannot read TypeScript; npm install tsx" : describeError(error),
      error,
    );
  }
  const makeFlow = loaded.default;
  const hint = "export default (source) => flow(source).pipe(…)";
  if (typeof makeFlow !== "function") throw refuse(`its default export must be a function: ${hint}`);
  const pipeline = await (makeFlow as Pipeline)(source);
  if (typeof (pipeline as Partial<Flow> | undefined)?.run !== "function")
    throw refuse(`its function must return a flow: ${hint}`);
  return pipeline;
}
