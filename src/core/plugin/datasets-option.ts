/** The option of sources that names the datasets which every input joins. */

import * as z from "zod";
import type { InputDraft } from "../input/input.js";
import type { SourceItem } from "./source.js";

/** The schema of the option `datasets`. */
export const datasetsOption = z.array(z.string().min(1)).default([]);

/**
 * Returns a function that adds datasets to the items of a source, behind those that an input has itself. The default id of an input does not depend on
 * them. A draft whose own datasets are invalid stays as it is, and fails by its shape.
 */
export function joinDatasets(datasets: readonly string[]): (item: SourceItem) => SourceItem {
  if (datasets.length === 0) return (item) => item;
  return (item) => {
    if (!("input" in item)) return item;
    const { input: draft, defaultId } = item;
    if (typeof draft !== "object" || draft === null) return item;
    const own = draft.datasets ?? [];
    if (!Array.isArray(own)) return item;
    const input: InputDraft = { ...draft, datasets: [...new Set([...own, ...datasets])] };
    const idOfDraft = typeof defaultId === "function" ? () => defaultId(draft) : defaultId;
    return idOfDraft === undefined ? { ...item, input } : { ...item, input, defaultId: idOfDraft };
  };
}
