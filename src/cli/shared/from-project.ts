/** Packages of the user's own project, which the command line can use where they are installed. */

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Loads a package as the project in this folder has it; undefined where it has none. */
export async function fromProject<T>(name: string): Promise<T | undefined> {
  let path: string;
  try {
    path = createRequire(join(process.cwd(), "package.json")).resolve(name);
  } catch {
    return undefined;
  }
  return (await import(pathToFileURL(path).href)) as T;
}
