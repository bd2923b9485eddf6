/** Shards of WebDataset. */

import type { Form } from "../form.js";
import { s3OptionsOf } from "./s3.js";

export const webDatasetForm: Form = {
  name: "webdataset",
  plural: "WebDataset shards",
  takes: ["endpoint", "region", "anonymous"],
  isNamed: (name, stats) => stats === undefined && /\{\d+\.\.\d+\}.*\.(?:tar|tgz|tar\.gz)$/i.test(name),
  async source(name, options) {
    const { webDataset } = await import("../../../index.js");
    return webDataset(name, { s3: s3OptionsOf(options) });
  },
};
