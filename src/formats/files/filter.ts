/** Filters: which paths of a folder or an archive are read. */

import picomatch from "picomatch";

export type Globs = string | string[] | undefined;

/** Returns why a file or folder is skipped; undefined if it is not. */
export type Filter = (relative: string, isFolder: boolean) => string | undefined;

/** Makes a filter of globs. */
export function filterOf({ include, exclude }: { include?: Globs; exclude?: Globs }): Filter {
  const included = include === undefined ? undefined : picomatch(include, { dot: true });
  const excluded = exclude === undefined ? undefined : picomatch(exclude, { dot: true });
  return (relative, isFolder) => {
    if (excluded?.(relative)) return "excluded";
    return isFolder || !included || included(relative) ? undefined : "not included";
  };
}
