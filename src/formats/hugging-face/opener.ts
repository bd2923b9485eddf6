/** Opens files of datasets on the hub. */

import { defineOpener } from "../../core/content/openers.js";
import { readKept } from "../remote/small-objects.js";

/** Reads `hf:` URIs with range requests. The token is that of the source in this process, else that of the environment. */
export const hubOpener = defineOpener({ name: "huggingFace", scheme: "hf", open: readKept });
