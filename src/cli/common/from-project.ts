/** Loads optional packages from the user's project. */

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Loads a package that is installed in the project of the current folder. Returns undefined if it is not installed. */
export async function fromProject<T>(name: string): Promise<T | undefined> {
  let path: string;
  try {
    path = createRequire(join(process.cwd(), "package.json")).resolve(name);
  } catch {
    return undefined;
  }
  return (await import(pathToFileURL(path).href)) as T;
}
