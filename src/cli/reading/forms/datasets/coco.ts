/** Datasets in the format of COCO. */

import { closeSync, existsSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { annotationOptionsOf } from "../../annotation-options.js";
import type { Form } from "../../form.js";

/** Bytes of a JSON in which the names of its lists are looked for. */
const headBytes = 64 * 1024;
/** Names of COCO's own files. */
const labelNames = /^(instances|person_keypoints|stuff|panoptic|captions|image_info|labels).*\.json$/i;
/** Folders of splits in which exports of Roboflow have their labels. */
const splitFolders = ["train", "valid", "test"];

export const cocoForm: Form = {
  name: "coco",
  plural: "datasets of COCO",
  takes: ["invalid", "orientation"],
  async isRecognized(path, stats) {
    if (stats?.isFile()) return /\.json$/i.test(path) && isCocoFile(path);
    if (!stats?.isDirectory()) return false;
    if (splitFolders.some((name) => existsSync(join(path, name, "_annotations.coco.json")))) return true;
    const annotations = join(path, "annotations");
    const names = existsSync(annotations) ? readdirSync(annotations).filter((name) => labelNames.test(name)) : [];
    return names.some((name) => isCocoFile(join(annotations, name)));
  },
  async source(path, options) {
    const { coco } = await import("../../../../index.js");
    return coco(path, annotationOptionsOf(options));
  },
};

function isCocoFile(path: string): boolean {
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(headBytes);
    const text = head.toString("utf8", 0, readSync(file, head, 0, headBytes, 0));
    return /^\ufeff?\s*\{/.test(text) && /"(images|annotations|categories)"\s*:\s*\[/.test(text);
  } finally {
    closeSync(file);
  }
}
