/** Datasets of YOLO. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { annotationOptionsOf } from "../../annotation-options.js";
import type { Form } from "../../form.js";
import { hasFolder } from "./dataset-start.js";

export const yoloForm: Form = {
  name: "yolo",
  plural: "datasets of YOLO",
  takes: ["invalid", "orientation"],
  async isRecognized(path, stats) {
    if (stats?.isDirectory()) {
      const hasLabels = hasFolder(path, "images") && hasFolder(path, "labels");
      if (hasLabels && existsSync(join(path, "classes.txt"))) return true;
      return ["data.yaml", "data.yml", "obj.data"].some(
        (name) => existsSync(join(path, name)) && isYolo(join(path, name)),
      );
    }
    return stats?.isFile() === true && /\.(ya?ml|data)$/i.test(path) && isYolo(path);
  },
  async source(path, options) {
    const { yolo } = await import("../../../../index.js");
    return yolo(path, annotationOptionsOf(options));
  },
};

/** Whether a data.yaml or obj.data names classes and images. */
function isYolo(path: string): boolean {
  const text = readFileSync(path, "utf8");
  return /^\s*(names|nc)\s*[:=]/m.test(text) && /^\s*(train|val|valid|test)\s*[:=]/m.test(text);
}
