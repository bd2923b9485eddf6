/** The names of 0.1 that have been replaced. They go in 0.3. */

import type { SharedRateLimiter } from "./core/accounting/shared-rate-limiter.js";
import { type FromIterableOptions, fromIterable } from "./sources/from-iterable.js";
import { addConcepts } from "./transforms/add-concepts.js";
import { boundingBox } from "./transforms/annotate/regions.js";
import { filterInputs } from "./transforms/filter-inputs.js";
import { setGeo } from "./transforms/set-geo.js";

/** The name that `fromIterable` had in 0.1. @deprecated Use `fromIterable`; this name goes in 0.3. */
export const values = fromIterable;
/** The name that `FromIterableOptions` had in 0.1. @deprecated Use `FromIterableOptions`; this name goes in 0.3. */
export type ValuesOptions = FromIterableOptions;
/** The name that `addConcepts` had in 0.1. @deprecated Use `addConcepts`; this name goes in 0.3. */
export const label = addConcepts;
/** The name that `setGeo` had in 0.1. @deprecated Use `setGeo`; this name goes in 0.3. */
export const geo = setGeo;
/** The name that `filterInputs` had in 0.1. @deprecated Use `filterInputs`; this name goes in 0.3. */
export const where = filterInputs;
/** The name that `boundingBox` had in 0.1. @deprecated Use `boundingBox`; this name goes in 0.3. */
export const box = boundingBox;
/** The name that `SharedRateLimiter` had in 0.1. @deprecated Use `SharedRateLimiter`; this name goes in 0.3. */
export type Turns = SharedRateLimiter;
