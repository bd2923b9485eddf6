/** The options of the command line that sources of annotated datasets take. */

import { singleRule } from "../form.js";
import type { ReadingOptions } from "../options.js";

/** Returns the options of a source. The source checks them. */
export function datasetOptionsOf({ ids }: ReadingOptions): { ids?: "folder" | "path" } {
  const rule = singleRule(ids);
  return rule === undefined ? {} : { ids: rule as "folder" | "path" };
}
