/** Options that the writers of datasets share. */

import * as z from "zod";
import type { Input } from "../../core/input/input.js";
import { classesOption } from "./class-list.js";

/** Returns the split of an input; undefined for none. */
export type SplitOf = (input: Input) => string | undefined;

/** A name of a split becomes a folder. */
export const splitName = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,63}$/u;

export const datasetOptionFields = {
  /**
   * Names of the classes in the order of their indexes, or a source that declares its classes, such as the one that the flow reads. A class that is not in the
   * list is added behind it. Default: the order of first appearance. A folder keeps the order of its first run.
   */
  classes: classesOption,
  /** Split of every input, or a function of the input. Default: the text in `metadata.split`. */
  split: z
    .union(
      [
        z.string().regex(splitName, "expected letters, digits, _, - and ."),
        z.custom<SplitOf>((value) => typeof value === "function"),
      ],
      "expected a name or a function",
    )
    .optional(),
  /**
   * What happens with the images. "copy": they are copied into the dataset. "link": a hard link takes the place of a copy, which needs no space; an image on another
   * disk is copied. "none": only labels are written. Default: "copy".
   */
  media: z.enum(["copy", "link", "none"]).default("copy"),
};
const DatasetSchema = z.strictObject(datasetOptionFields);
/** Options of writers with their defaults. */
export type CheckedDatasetOptions = z.output<typeof DatasetSchema>;
