/** Datasets of Pascal VOC. */

import { annotationOptionsOf } from "../../annotation-options.js";
import type { Form } from "../../form.js";
import { hasFolder, namesIn, startOf } from "./dataset-start.js";

export const vocForm: Form = {
  name: "voc",
  plural: "VOC datasets",
  takes: ["invalid", "orientation"],
  async isRecognized(path, stats) {
    if (!stats?.isDirectory()) return false;
    const labels = ["Annotations", "annotations"].find((name) => hasFolder(path, name));
    if (labels === undefined) return false;
    const xml = namesIn(`${path}/${labels}`).find((name) => name.endsWith(".xml"));
    return xml !== undefined && /<annotation[\s>]/.test(startOf(`${path}/${labels}/${xml}`));
  },
  async source(path, options) {
    const { voc } = await import("../../../../index.js");
    return voc(path, annotationOptionsOf(options));
  },
};
