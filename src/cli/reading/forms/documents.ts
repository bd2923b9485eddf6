/** Folders of documents, and single ones. */

import { extensionOf } from "../../../core/input/detect/names.js";
import { type Form, singleRule } from "../form.js";
import { fileOptionsOf } from "./folder.js";

/** Documents that no other form reads. HTML may also be a list of URLs that was saved as a page, so it needs `--as`. */
const extensions = ["docx", "pdf"];

export const documentsForm: Form = {
  name: "documents",
  plural: "documents",
  takes: ["include", "exclude", "folderLabels"],
  isNamed: (path, stats) => stats?.isFile() === true && extensions.includes(extensionOf(path)),
  async source(path, options) {
    const { documents } = await import("../../../index.js");
    const { kinds: _, ...fileOptions } = fileOptionsOf(options);
    return documents(path, { ...fileOptions, ids: singleRule(options.ids) as "folder" });
  },
};
