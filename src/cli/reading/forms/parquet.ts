/** Parquet files. */

import { isRemote } from "../../../formats/remote/is-remote.js";
import type { Form } from "../form.js";
import { s3OptionsOf } from "./s3.js";

export const parquetForm: Form = {
  name: "parquet",
  plural: "Parquet files",
  takes: ["endpoint", "region", "anonymous"],
  isNamed: (path, stats) => (stats?.isFile() || isRemote(path)) === true && /\.parquet(?:\?.*)?$/i.test(path),
  async source(path, options) {
    const { parquet } = await import("../../../index.js");
    const s3 = s3OptionsOf(options);
    return parquet(path, { ids: options.ids, ...(Object.keys(s3).length > 0 && { s3 }) });
  },
};
