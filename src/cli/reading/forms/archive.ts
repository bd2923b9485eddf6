/** Zip and tar archives. */

import { isRemote } from "../../../formats/remote/is-remote.js";
import type { Form } from "../form.js";
import { fileOptionsOf } from "./folder.js";
import { s3OptionsOf } from "./s3.js";

export const archiveForm: Form = {
  name: "archive",
  plural: "archives",
  takes: ["include", "exclude", "folderLabels", "endpoint", "region", "anonymous"],
  isNamed: (path, stats) =>
    (stats?.isFile() || isRemote(path)) === true && /\.(zip|tar|tgz|tar\.gz)(?:\?.*)?$/i.test(path),
  async source(path, options) {
    const { archive } = await import("../../../index.js");
    const s3 = s3OptionsOf(options);
    return archive(path, { ...fileOptionsOf(options), ...(Object.keys(s3).length > 0 && { s3 }) });
  },
};
