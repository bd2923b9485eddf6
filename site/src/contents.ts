/** Reads site/contents.md, which lists the pages in the order of the sidebar. */

import { posix } from "node:path";

export interface ContentsGroup {
  title: string;
  items: ContentsItem[];
}

export interface ContentsItem {
  title: string;
  /** Path in the repository, such as `docs/guide/connect.md`. */
  path: string;
}

/** Reads groups (`## Start`) and their items (`- [Connect to an app](../docs/guide/connect.md)`). */
export function readContents(text: string): ContentsGroup[] {
  const groups: ContentsGroup[] = [];
  for (const line of text.split("\n")) {
    const heading = /^## (.+)$/.exec(line)?.[1];
    if (heading !== undefined) groups.push({ title: heading, items: [] });
    const item = /^- \[(?<title>[^\]]+)\]\((?<path>[^)]+)\)$/.exec(line)?.groups;
    if (!item) continue;
    const { title = "", path = "" } = item;
    groups.at(-1)?.items.push({ title, path: posix.join("site", path) });
  }
  return groups;
}
