/** Datasets of Pascal VOC. */

import { annotationOptionsOf } from "../../annotation-options.js";
import type { Form } from "../../form.js";
import { namesIn, startOf } from "./dataset-start.js";

/** Folders with XML files: of VOC itself, none for XML beside the images, and those of Roboflow's splits. */
const labelFolders = ["Annotations", "annotations", ".", "train", "valid", "test"];

export const vocForm: Form = {
  name: "voc",
  plural: "VOC datasets",
  takes: ["invalid", "orientation"],
  async isRecognized(path, stats) {
    if (!stats?.isDirectory()) return false;
    return labelFolders.some((labels) => {
      const xml = namesIn(`${path}/${labels}`).find((name) => name.endsWith(".xml"));
      return xml !== undefined && /<annotation[\s>]/.test(startOf(`${path}/${labels}/${xml}`));
    });
  },
  async source(path, options) {
    const { voc } = await import("../../../../index.js");
    return voc(path, annotationOptionsOf(options));
  },
};
