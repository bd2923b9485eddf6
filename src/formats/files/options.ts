/** Options that the sources of files share. */

import * as z from "zod";
import { kinds } from "../../core/input/kinds.js";
import { datasetsOption } from "../../core/plugin/datasets-option.js";
import type { IdOf, LabelsOf } from "./file-item.js";

const Globs = z.union([z.string().min(1), z.array(z.string().min(1))]).optional();

export const fileOptionFields = {
  /** Kinds to yield. Default: all. With "text", every file in UTF-8 is a text; without it, only .txt, .md and .text files are. */
  kinds: z.array(z.enum(kinds)).min(1).optional(),
  /** Concepts of each input. "folder": the name of the file's folder, none at the top level. Or a function of relative path and kind, which may be async. */
  labels: z.union([z.literal("folder"), z.custom<LabelsOf>((value) => typeof value === "function")]).optional(),
  /**
   * Source of ids. "folder": the name of the folder or archive and the path inside it. "path": the path inside it alone, as in 0.1. "content": the bytes; a
   * second file with the same bytes is skipped as a duplicate. Or a function of the path inside it, which may be async. Default: "folder".
   */
  ids: z
    .union(
      [z.enum(["folder", "path", "content"]), z.custom<IdOf>((value) => typeof value === "function")],
      'expected "folder", "path", "content" or a function',
    )
    .default("folder"),
  /**
   * Globs, as in gitignore; only files that match one are read. "*.jpg" matches at any depth, "/*.jpg" and "raw/*.jpg" match the path from the top, "raw/"
   * matches everything in folders of that name. A matching file in UTF-8 is a text, whatever its name.
   */
  include: Globs,
  /** Globs like those of `include`; files and folders that match one are skipped. */
  exclude: Globs,
  /** Reads files and folders whose names begin with a dot. Default: false. */
  hidden: z.boolean().default(false),
  /** Datasets that every input joins. */
  datasets: datasetsOption,
};
