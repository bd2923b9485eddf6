/** Options that the sources of dataset formats share. */

import * as z from "zod";
import { idFromPath, idOfFile } from "../../core/input/ids.js";
import { datasetsOption } from "../../core/plugin/datasets-option.js";
import { invalidRegions } from "./region-list.js";

/** Returns the id of an image, from its path inside the dataset. */
export type IdOf = (relativePath: string) => string;

/** Frames of coordinates. */
export const frames = ["upright", "stored"] as const;

export const annotationOptionFields = {
  /**
   * What to do with a region that reaches over the edge of its image, or has no area. "fail": its input fails. "clip": the part inside the image is kept, and a region
   * without such a part is left out. "drop": the region is left out. The report counts the inputs. Default: "fail".
   */
  invalid: invalidRegions,
  /**
   * Pixels that the coordinates are about, for images with an EXIF orientation. "upright": the image as people see it. "stored": the pixels as they are in the file.
   * Default: that of the format.
   */
  orientation: z.enum(frames).optional(),
  /**
   * Source of ids. "folder": the name of the dataset's folder and the path of the image inside it. "path": the path inside it alone. Or a function of the path
   * inside it. Default: "folder".
   */
  ids: z
    .union(
      [z.enum(["folder", "path"]), z.custom<IdOf>((value) => typeof value === "function")],
      'expected "folder", "path" or a function',
    )
    .default("folder"),
  /** Datasets that every input joins. */
  datasets: datasetsOption,
};

/** Returns the id of an image. `folder` is the own name of the dataset's folder (`folderName`). */
export function idOfImage(relative: string, ids: "folder" | "path" | IdOf, folder: string): string {
  if (typeof ids === "function") return ids(relative);
  return ids === "path" ? idFromPath(relative) : idOfFile(folder, relative);
}
