/** Datasets of the Hugging Face hub. */

import { hubEndpoint, isDatasetName } from "../../../formats/hugging-face/dataset-name.js";
import { type Form, singleRule } from "../form.js";

export const huggingFaceForm: Form = {
  name: "huggingface",
  plural: "datasets on the hub",
  takes: ["hfConfig", "hfSplit"],
  isNamed: (name, stats) => !stats && isDatasetName(name, process.env.HF_ENDPOINT || hubEndpoint),
  async source(name, { hfConfig: config, hfSplit: split, ids }) {
    const { huggingFace } = await import("../../../index.js");
    const rule = singleRule(ids);
    return huggingFace(name, { ...(config && { config }), ...(split && { split }), ...(rule && { ids: rule }) });
  },
};
