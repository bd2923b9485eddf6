/** A pipeline: a flow without its source. */

import type { Source } from "../plugin/source.js";
import type { Flow } from "./flow.js";

/**
 * A function that makes a flow from its source. It is the default export of a module that `sluice run` calls with a folder, and `sluice work`, on each of
 * many machines, with a stream.
 *
 * @example
 * const pipeline: Pipeline = async (source) => flow(source).pipe(stripUnicode(), batch(), upload(await connect()));
 * export default pipeline;
 */
export type Pipeline = (source: Source | readonly Source[]) => Flow<unknown> | Promise<Flow<unknown>>;
