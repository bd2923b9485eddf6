/** Texts, one a line. */

import type { Form } from "../form.js";
import { textLines } from "../text-lines.js";

export const textsForm: Form = {
  name: "texts",
  plural: "texts",
  isStreamed: true,
  source: (path) => textLines(path),
};
