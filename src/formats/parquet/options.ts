/** Options of sources that read the rows of Parquet files. */

import * as z from "zod";
import { datasetsOption } from "../../core/plugin/datasets-option.js";

const Column = z.string().min(1);
const Columns = z.union([Column, z.array(Column).min(1)]);
export const rowOptionFields = {
  /** Column of the images: bytes, or `{ bytes, path }` as Hugging Face writes it; false for none. Default: the only such column. */
  image: z.union([Column, z.literal(false)]).optional(),
  /** Column of the videos. */
  video: Column.optional(),
  /** Column of the audio files. */
  audio: Column.optional(),
  /** Column of the texts. Beside an image, it makes a multimodal input. Default: the column `text`, in a file without media. */
  text: Column.optional(),
  /** Columns of the labels, which become concepts; false for none. Numbers of classes become their names. Default: the class labels of Hugging Face's schema. */
  labels: z.union([Columns, z.literal(false)]).optional(),
  /** Columns whose values make the id. Default: the folder's own name, the name of the file, and the number of the row. */
  ids: Columns.optional(),
  /** Columns that become metadata. Others are not read. Default: all that nothing else uses. */
  metadata: z.array(Column).optional(),
  /** Datasets that every input joins. */
  datasets: datasetsOption,
  /** Largest part of a row group that is unpacked in memory, in bytes. Default: 1,000,000,000. */
  maxGroupBytes: z.number().int().min(1).default(1_000_000_000),
};
