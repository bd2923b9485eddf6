/** Image folders of Hugging Face and torchvision. */

import { annotationOptionsOf } from "../annotation-options.js";
import type { Form } from "../form.js";
import { namesIn } from "./dataset-start.js";

const metadata = /^metadata\.(?:jsonl|csv)$/;

export const imageFolderForm: Form = {
  name: "imagefolder",
  plural: "image folders",
  takes: ["invalid", "orientation"],
  // Folders of classes are no image folder without --as: they may be any folder.
  async isRecognized(path, stats) {
    if (!stats?.isDirectory()) return false;
    const names = namesIn(path);
    if (names.some((name) => metadata.test(name))) return true;
    const splits = names.filter((name) => /^(?:train|validation|valid|val|test)$/.test(name));
    return splits.some((split) => namesIn(`${path}/${split}`).some((name) => metadata.test(name)));
  },
  async source(path, options) {
    const { imageFolder } = await import("../../../index.js");
    return imageFolder(path, annotationOptionsOf(options));
  },
};
