/** Buckets. */

import type { Form } from "../form.js";
import type { ReadingOptions } from "../options.js";
import { fileOptionsOf } from "./folder.js";

export const s3Form: Form = {
  name: "s3",
  plural: "buckets",
  takes: ["include", "exclude", "folderLabels", "endpoint", "region", "anonymous"],
  isNamed: (name) => /^s3:\/\//i.test(name),
  async source(uri, options) {
    const { s3 } = await import("../../../index.js");
    return s3(uri, { ...fileOptionsOf(options), ...s3OptionsOf(options) });
  },
};

/** How a bucket is reached. Credentials come from the environment only, since other users can see command lines. */
export function s3OptionsOf({ endpoint, region, anonymous }: ReadingOptions) {
  return { ...(endpoint && { endpoint }), ...(region && { region }), ...(anonymous && { anonymous }) };
}
