/** The page of error codes lists every code in the source, and no other. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..");

function codesIn(text: string, pattern: RegExp): string[] {
  // A code that ends in an HTTP status represents all codes of this form.
  return [...text.matchAll(pattern)].map(([, code = ""]) => code.replace(/^ERR_HTTP_(\d+)?$/, "ERR_HTTP_…"));
}

it("lists every code once, with its cause and its fix", () => {
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(root, "src", name), "utf8"));
  const given = new Set(codesIn(sources.join("\n"), /["'`](ERR_[A-Z0-9_]+)/g));
  const page = readFileSync(join(root, "docs/errors.md"), "utf8");
  const rows = codesIn(page, /^\| `(ERR_[A-Z0-9_]+)`[^|]*\| [^|]+ \| [^|]+ \|$/gm);

  expect(given.size).toBeGreaterThan(80);
  expect(rows.toSorted()).toEqual([...given].sort());
});
