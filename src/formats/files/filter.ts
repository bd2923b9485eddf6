/** Filters: which paths of a folder or an archive are read. */

import picomatch from "picomatch";

export type Globs = string | string[] | undefined;

/** Returns why a file or folder is skipped; undefined if it is not. */
export type Filter = (relative: string, isFolder: boolean) => string | undefined;

/** The reason of a file that no glob of `include` matches. */
export const notIncluded = "not included";

/** Makes a filter of globs, which match as in gitignore and rclone. */
export function filterOf({ include, exclude }: { include?: Globs; exclude?: Globs }): Filter {
  const included = include === undefined ? undefined : [include].flat().map(globOf);
  const excluded = exclude === undefined ? [] : [exclude].flat().map(globOf);
  return (relative, isFolder) => {
    if (excluded.some(({ matches, foldersOnly }) => (isFolder || !foldersOnly) && matches(relative))) return "excluded";
    return isFolder || !included || included.some((glob) => includes(glob, relative)) ? undefined : notIncluded;
  };
}

interface Glob {
  matches: (relative: string) => boolean;
  foldersOnly: boolean;
}

/**
 * Reads a glob. Without a slash, it matches names at any depth. With a slash, it matches the path from the top; a slash at its beginning says only that. A slash
 * at its end says that it matches folders, at any depth if it has no other slash.
 */
function globOf(glob: string): Glob {
  const name = glob.replace(/(?<=[^/])\/+$/, "");
  const matches = picomatch(name.replace(/^\/+/, ""), { dot: true, basename: !name.includes("/") });
  return { matches, foldersOnly: name !== glob };
}

/** Whether a glob includes a file: it matches the file, or, if it is for folders, a folder that the file lies in. */
function includes({ matches, foldersOnly }: Glob, relative: string): boolean {
  if (!foldersOnly) return matches(relative);
  for (let end = relative.lastIndexOf("/"); end > 0; end = relative.lastIndexOf("/", end - 1)) {
    if (matches(relative.slice(0, end))) return true;
  }
  return false;
}
