/** Explains error codes: what happened, and what to do. The texts are those of the page of error codes. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The rows of one code. */
export interface ErrorHelp {
  happened: string;
  fix: string;
}

/** The page beside the built code, and for a checkout that runs its sources. */
const pages = ["./errors.md", "../errors.md", "../../../../docs/errors.md"];
let loaded: Map<string, ErrorHelp> | undefined;

/** Returns the explanation of a code; undefined for a code of a plugin of your own, or if the page is not installed. */
export function errorHelp(code: string): ErrorHelp | undefined {
  loaded ??= new Map(rowsOf(pageText()));
  return loaded.get(code);
}

function pageText(): string {
  for (const page of pages) {
    try {
      return readFileSync(fileURLToPath(new URL(page, import.meta.url)), "utf8");
    } catch {
      // The page is not in this folder.
    }
  }
  return "";
}

/** Reads the tables of codes. A row is about each code in its first column. */
function* rowsOf(page: string): Generator<[string, ErrorHelp]> {
  for (const [, codes = "", happened = "", fix = ""] of page.matchAll(/^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)) {
    for (const [code] of codes.matchAll(/\b(ERR_[A-Z0-9_]+|\d{5})\b/g))
      yield [code, { happened: plain(happened), fix: plain(fix) }];
  }
}

/** Removes the markup of Markdown. */
function plain(text: string): string {
  return text.replace(/\[([^\]]+)\]\([^)]+\)/g, "$1").replaceAll("`", "");
}
