/** JSON Lines. */

import type { Form } from "../form.js";

export const jsonlForm: Form = {
  name: "jsonl",
  plural: "JSON Lines files",
  isStreamed: true,
  isNamed: (path, stats) => stats?.isDirectory() === false && /\.(jsonl|ndjson)$/i.test(path),
  async source(path, { ids }) {
    const { jsonl } = await import("../../../index.js");
    return jsonl(path, { ids });
  },
};
