/** URLs, and files with one URL a line. */

import type { UrlsOptions } from "../../../index.js";
import { headersOf } from "../../common/parsing.js";
import { type Form, isUrl, singleRule } from "../form.js";

export const urlsForm: Form = {
  name: "urls",
  plural: "URLs",
  isStreamed: true,
  takes: ["fetch", "header"],
  isNamed: (name) => isUrl(name),
  async source(name, { kind, fetch, header, ids, proxy }) {
    const { urls } = await import("../../../index.js");
    return urls(isUrl(name) ? [name] : name, {
      kind: kind?.[0],
      fetch,
      proxy: fetch ? proxy : undefined,
      headers: header && headersOf(header),
      ids: singleRule(ids) as UrlsOptions["ids"],
    });
  },
};
