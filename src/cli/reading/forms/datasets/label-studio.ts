/** Exports of Label Studio. */

import { annotationOptionsOf } from "../../annotation-options.js";
import type { Form } from "../../form.js";
import { startOf } from "./dataset-start.js";

export const labelStudioForm: Form = {
  name: "labelstudio",
  plural: "exports of Label Studio",
  takes: ["invalid", "orientation"],
  async isRecognized(path, stats) {
    const file = stats?.isDirectory() ? `${path}/tasks.json` : path;
    if (!stats || !/\.json$/i.test(file)) return false;
    const start = startOf(file);
    return /^\ufeff?\s*\[\s*\{/.test(start) && /"(?:annotations|annotation_id|from_name|file_upload)"\s*:/.test(start);
  },
  async source(path, options) {
    const { labelStudio } = await import("../../../../index.js");
    return labelStudio(path, annotationOptionsOf(options));
  },
};
