/** Exports of datasets: archives of the platform and of the vendor's SDK. */

import type { Form } from "../form.js";

export const exportForm: Form = {
  name: "export",
  plural: "exports of datasets",
  async isRecognized(path, stats) {
    if (!stats?.isFile() || !/\.zip$/i.test(path)) return false;
    const { isPlatformExport } = await import("../../../clarifai/datasets/archive/layout.js");
    return isPlatformExport(path, new AbortController().signal);
  },
  async source(path, _, { app }) {
    const { datasetExport } = await import("../../../index.js");
    return datasetExport(path, { ...(app && { app }) });
  },
};
