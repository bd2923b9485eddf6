/** Exports of CVAT. */

import { annotationOptionsOf } from "../../annotation-options.js";
import type { Form } from "../../form.js";
import { startOf } from "./dataset-start.js";

export const cvatForm: Form = {
  name: "cvat",
  plural: "exports of CVAT",
  takes: ["invalid", "orientation"],
  async isRecognized(path, stats) {
    const file = stats?.isDirectory() ? `${path}/annotations.xml` : path;
    return stats !== undefined && /\.xml$/i.test(file) && /<annotations>\s*<version>/.test(startOf(file));
  },
  async source(path, options) {
    const { cvat } = await import("../../../../index.js");
    return cvat(path, annotationOptionsOf(options));
  },
};
