/** The options of the sources of dataset formats, from those of the command line. */

import type { CocoOptions } from "../../index.js";
import { singleRule } from "./form.js";
import type { ReadingOptions } from "./options.js";

/** Returns the options that the sources of dataset formats share. */
export function annotationOptionsOf({ invalid, orientation, ids }: ReadingOptions) {
  const rule = singleRule(ids) as CocoOptions["ids"];
  return { ...(invalid && { invalid }), ...(orientation && { orientation }), ...(rule && { ids: rule }) };
}
