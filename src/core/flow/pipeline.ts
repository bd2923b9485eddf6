/** A pipeline: what is done to inputs, wherever they come from. */

import type { Source } from "../plugin/source.js";
import type { Flow } from "./flow.js";

/**
 * A flow without its source: the default export of a module that `sluice run` gives a folder on one machine, and `sluice work` a stream on many.
 *
 * @example
 * const pipeline: Pipeline = async (source) => flow(source).pipe(stripUnicode(), batch(), upload(await connect()));
 * export default pipeline;
 */
export type Pipeline = (source: Source | readonly Source[]) => Flow<unknown> | Promise<Flow<unknown>>;
