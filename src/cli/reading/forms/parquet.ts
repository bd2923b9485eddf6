/** Parquet files. */

import type { Form } from "../form.js";

export const parquetForm: Form = {
  name: "parquet",
  plural: "Parquet files",
  isNamed: (path, stats) => stats?.isFile() === true && /\.parquet$/i.test(path),
  async source(path, { ids }) {
    const { parquet } = await import("../../../index.js");
    return parquet(path, { ids });
  },
};
