/** Removes the declaration files that no entry of the package needs: those of the command line, the server and most internals. */

import { readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

/** Keeps the declarations that `entries` import, directly or not, and removes all others and the folders that are empty then. */
export function removeUnusedTypes(folder: string, entries: readonly string[]): void {
  const kept = new Set<string>();
  const keep = (file: string) => {
    if (kept.has(file)) return;
    kept.add(file);
    for (const name of importsOf(file))
      if (name.startsWith(".")) keep(join(dirname(file), name.replace(/\.js$/, ".d.ts")));
  };
  for (const entry of entries) keep(join(folder, `${entry}.d.ts`));
  clean(folder, kept);
}

/** Returns what a declaration file imports, and not what the examples in its comments import. */
export function importsOf(file: string): string[] {
  const code = readFileSync(file, "utf8").replace(/\/\*.*?\*\//gs, "");
  return [...code.matchAll(/\b(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, name = ""]) => name);
}

function clean(folder: string, kept: ReadonlySet<string>): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) clean(path, kept);
    else if (path.endsWith(".d.ts") && !kept.has(path)) rmSync(path);
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}
