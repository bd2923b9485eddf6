/** Options that the sources of annotated datasets share. */

import * as z from "zod";
import { datasetsOption } from "../../core/plugin/datasets-option.js";
import { invalidRegions } from "../annotations/region-list.js";
import { fileOptionFields } from "../files/options.js";

export const datasetOptionFields = {
  /**
   * Source of ids. "folder": the name of the folder and the path inside it. "path": the path inside it alone. "content": the bytes. Or a function of the path
   * inside it, which may be async. Default: "folder".
   */
  ids: fileOptionFields.ids,
  /** Datasets that every input joins. */
  datasets: datasetsOption,
  /**
   * What to do with a region that reaches over the edge of its image, or has no area. "fail": the input fails. "clip": the region is cut at the edge, and left
   * out if nothing of it is inside. "drop": the region is left out. Default: "fail".
   */
  invalid: invalidRegions,
  /**
   * The pixels in which coordinates count, for images with an EXIF orientation, if the size in the label file does not decide. "upright": as people see the image.
   * "stored": as the file has them. Default: "upright".
   */
  orientation: z.enum(["upright", "stored"]).default("upright"),
};
const Options = z.strictObject(datasetOptionFields);
/** Checked options. */
export type DatasetOptions = z.output<typeof Options>;
