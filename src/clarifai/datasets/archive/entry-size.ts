/** The size of an entry of an archive. */

import { sizeOfContent } from "../../../core/input/content.js";
import type { ReadableContent } from "../../../core/input/input.js";

/** Returns the bytes of an entry when it is unpacked, as its archive says; reading more of them fails. */
export function bytesOfEntry(content: ReadableContent): number {
  return "length" in content && content.length !== undefined ? content.length : sizeOfContent(content);
}
