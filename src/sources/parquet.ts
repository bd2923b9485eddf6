/** Source: the rows of Parquet files, such as those of Hugging Face datasets. */

import * as z from "zod";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { filterOf } from "../formats/files/filter.js";
import { findFiles, type Walk } from "../formats/files/walk.js";
import { openLocalFile } from "../formats/parquet/local-file.js";
import { rowOptionFields } from "../formats/parquet/options.js";
import { openRemoteFile } from "../formats/parquet/remote-file.js";
import { rowsOf } from "../formats/parquet/row-items.js";
import { addRemote } from "../formats/remote/add-remote.js";
import { isRemote } from "../formats/remote/is-remote.js";
import { remoteOptionFields } from "../formats/remote/options.js";

const Options = z.strictObject({ ...remoteOptionFields, ...rowOptionFields });
/** Options of `parquet`. */
export type ParquetOptions = OptionsOf<typeof remoteOptionFields> & OptionsOf<typeof rowOptionFields>;

/**
 * Reads the rows of a Parquet file, or of all `.parquet` files of a folder: images, videos or audio files as bytes, or texts. Other columns become metadata, and class
 * labels of Hugging Face's schema become concepts. Needs the package `hyparquet`, and for other codecs than Snappy `hyparquet-compressors`.
 *
 * `s3://bucket/a.parquet` and `https://host/a.parquet` are read where they lie, by range requests: the schema, and the columns that are used. The credentials of a bucket
 * are those of `s3`; a web server must have a public address, unless `allowPrivate: true`.
 *
 * Reads one row group at a time, and only the columns that are used; of a large row group only some rows, if the file has an index of its pages. An integer beyond 2^53
 * becomes a text, and a time ISO 8601. Columns of bytes that are not named, and decimals with more than 15 digits, are left out, with a note in the report.
 *
 * A row fails alone if it has no content or a value that cannot be used (ERR_PARQUET_CELL). If a row group is damaged (ERR_PARQUET_DAMAGED) or too large
 * (ERR_PARQUET_GROUP), it counts as one failed input, and reading continues behind it. A remote file that changes during the run fails the row groups that
 * are not read yet (ERR_FILE_CHANGED).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_PARQUET_UNREADABLE, ERR_PARQUET_COLUMN, ERR_FOLDER_UNREADABLE, ERR_FILE_UNREADABLE; for a
 *   remote file also ERR_REMOTE_RANGES when the server sends no parts, and the codes of the server
 * @example await flow(parquet("./train.parquet", { image: "image", labels: "label" })).pipe(upload(app)).run();
 */
export const parquet = defineSource({
  name: "parquet",
  parse(path: string, options: ParquetOptions = {}) {
    checkPath("parquet", path);
    const checked = parseOptions("parquet", Options, options);
    if (isRemote(path)) return { ...checked, path, remote: addRemote("parquet", path, checked) };
    return { ...checked, path: path.replace(/(?<=[^/])\/+$/, ""), remote: undefined };
  },
  async *read({ path, remote, ...options }, context) {
    if (remote) {
      yield* rowsOf(openRemoteFile(remote, context.signal), options, context);
      return;
    }
    const walk: Walk = {
      ...{ plugin: "parquet", root: path, filter: filterOf({}) },
      options: { recursive: true, hidden: false, followSymlinks: false },
    };
    for (const found of findFiles(walk)) {
      if (context.signal.aborted) return;
      if ("item" in found) yield found.item;
      else if (found.path !== path && !/\.parquet$/i.test(found.name))
        yield { origin: found.path, skipped: "not a Parquet file" };
      else yield* rowsOf(openLocalFile(found.path), options, context);
    }
  },
});
