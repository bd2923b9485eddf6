/** Exports of CVAT. */

import { annotationOptionsOf } from "../../annotation-options.js";
import type { Form } from "../../form.js";
import { namesIn, startOf } from "./dataset-start.js";

export const cvatForm: Form = {
  name: "cvat",
  plural: "exports of CVAT",
  takes: ["invalid", "orientation"],
  async isRecognized(path, stats) {
    if (stats === undefined) return false;
    const files = stats.isDirectory() ? namesIn(path).map((name) => `${path}/${name}`) : [path];
    const file = files.find((name) => /\.xml$/i.test(name));
    return file !== undefined && /<annotations>\s*<version>/.test(startOf(file));
  },
  async source(path, options) {
    const { cvat } = await import("../../../../index.js");
    return cvat(path, annotationOptionsOf(options));
  },
};
