/** Folders of LabelMe. */

import { annotationOptionsOf } from "../../annotation-options.js";
import type { Form } from "../../form.js";
import { namesIn, startOf } from "./dataset-start.js";

export const labelMeForm: Form = {
  name: "labelme",
  plural: "folders of LabelMe",
  takes: ["invalid", "orientation"],
  async isRecognized(path, stats) {
    if (!stats?.isDirectory()) return false;
    const label = namesIn(path).find((name) => name.endsWith(".json"));
    if (label === undefined) return false;
    const start = startOf(`${path}/${label}`);
    return /"version"\s*:/.test(start) && /"flags"\s*:/.test(start) && /"shapes"\s*:/.test(start);
  },
  async source(path, options) {
    const { labelMe } = await import("../../../../index.js");
    return labelMe(path, annotationOptionsOf(options));
  },
};
