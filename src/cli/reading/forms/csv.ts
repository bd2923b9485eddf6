/** Tables of comma-separated values. */

import { stdinPath } from "../../../core/files/open-stream.js";
import type { Form } from "../form.js";

export const csvForm: Form = {
  name: "csv",
  plural: "CSV files",
  isStreamed: true,
  takes: ["column", "delimiter", "map"],
  isNamed: (path, stats) => stats?.isDirectory() === false && /\.(?:csv|tsv)$/i.test(path),
  async source(path, { column, kind, delimiter, ids, map }) {
    const { csv } = await import("../../../index.js");
    const root = path === stdinPath ? { root: "." } : {};
    return csv(path, { input: column, kind: kind?.[0], delimiter, ids, columns: map, ...root });
  },
};
