/** Image folders of Hugging Face and torchvision. */

import { annotationOptionsOf } from "../../annotation-options.js";
import type { Form } from "../../form.js";
import { startOf } from "./dataset-start.js";

const metadata = ["metadata.jsonl", "metadata.csv"];
const splits = ["train", "validation", "valid", "val", "test"];

export const imageFolderForm: Form = {
  name: "imagefolder",
  plural: "image folders",
  takes: ["invalid", "orientation"],
  // Folders of classes are no image folder without --as: they may be any folder.
  async isRecognized(path, stats) {
    if (!stats?.isDirectory()) return false;
    return [path, ...splits.map((split) => `${path}/${split}`)].some((folder) =>
      metadata.some((name) => /\bfile_name\b/.test(startOf(`${folder}/${name}`))),
    );
  },
  async source(path, options) {
    const { imageFolder } = await import("../../../../index.js");
    return imageFolder(path, annotationOptionsOf(options));
  },
};
