/** Makes the sidebars: the table of contents for all pages, and the names of a section for the reference. */

import type { DefaultTheme } from "vitepress";
import type { ContentsGroup } from "./contents.js";
import type { ReferenceSection } from "./reference/reference.js";

type Sidebar = DefaultTheme.SidebarItem[];

/** Returns the sidebars by the beginning of the path. `pageOf` maps a path of the table of contents to a page. */
export function sidebars(
  groups: readonly ContentsGroup[],
  sections: readonly ReferenceSection[],
  pageOf: (path: string) => string,
): Record<string, Sidebar> {
  const contents = groups.map(({ title, items }) => ({
    text: title,
    items: [
      ...items.map(({ title, path }) => ({ text: title, link: linkTo(pageOf(path)) })),
      ...(title === "Reference" ? [{ text: "Every public name", link: "/reference/" }] : []),
    ],
  }));
  const reference = sections.map(({ folder }) => [`/${folder}/`, sectionSidebar(folder, sections)] as const);
  return Object.fromEntries([...reference, ["/reference/", sectionSidebar("", sections)], ["/", contents]]);
}

/** Names of the section, and the other sections. All names would make each page four times as large. */
function sectionSidebar(current: string, sections: readonly ReferenceSection[]): Sidebar {
  const others = sections.map(({ title, folder }) => ({ text: title, link: `/${folder}/` }));
  const [section] = sections.filter(({ folder }) => folder === current);
  const linksOf = (kind: "function" | "type") =>
    section?.names.filter((one) => one.kind === kind).map(({ name, page }) => ({ text: name, link: `/${page}` })) ?? [];
  const groups = [
    { text: section?.title ?? "", items: linksOf("function") },
    { text: "Types", items: linksOf("type"), collapsed: false },
  ];
  return [{ text: "Every public name", items: others }, ...groups.filter(({ items }) => items.length > 0)];
}

function linkTo(page: string): string {
  return `/${page.replace(/(?:(?<=^|\/)index)?\.md$/, "")}`;
}
