/** Zip and tar archives. */

import type { Form } from "../form.js";
import { fileOptionsOf } from "./folder.js";

export const archiveForm: Form = {
  name: "archive",
  plural: "archives",
  takes: ["include", "exclude", "folderLabels"],
  isNamed: (path, stats) => stats?.isFile() === true && /\.(zip|tar|tgz|tar\.gz)$/i.test(path),
  async source(path, options) {
    const { archive } = await import("../../../index.js");
    return archive(path, fileOptionsOf(options));
  },
};
