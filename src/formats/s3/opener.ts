/** Opens objects of buckets. */

import { defineOpener } from "../../core/content/openers.js";
import { readKept } from "../remote/small-objects.js";

/** Reads `s3:` URIs with range requests. The credentials are those of the source in this process, else those of the environment. */
export const s3Opener = defineOpener({ name: "s3", scheme: "s3", open: readKept });
