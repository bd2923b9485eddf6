/** Finds and replaces links, and finds anchors, in Markdown. Code is left alone. */

import { slugOf } from "./slug.js";

const fence = /^(?<mark>`{3,}|~{3,})[^\n]*\n[\s\S]*?^\k<mark>/m;
const code = /(?<!`)(?<ticks>`+)(?!`)(?:(?!\n\s*\n)[\s\S])*?(?<!`)\k<ticks>(?!`)/;
const link = /!?\[(?:[^[\]`]|`[^`\n]*`|\[[^\]]*\])*\]\((?<target>[^()\s]+)\)/;
const parts = new RegExp(`${fence.source}|${link.source}|${code.source}`, "gm");

/** Replaces the target of each link and picture. */
export function replaceLinks(text: string, replace: (target: string) => string): string {
  return text.replace(parts, (part, ...rest) => {
    const { target } = rest.at(-1) as { target?: string };
    return target === undefined ? part : `${part.slice(0, part.length - target.length - 1)}${replace(target)})`;
  });
}

/** Returns the targets of all links and pictures. */
export function linksOf(text: string): string[] {
  const targets: string[] = [];
  replaceLinks(text, (target) => {
    targets.push(target);
    return target;
  });
  return targets;
}

/** Returns the anchors of all headings. A heading that occurs again gets a number, as on code hosts. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  const prose = text.replace(new RegExp(fence.source, "gm"), "");
  for (const [, heading = ""] of prose.matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const slug = slugOf(heading.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1"));
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** Returns the text of the first heading. */
export function titleOf(text: string): string | undefined {
  return /^# +(.+)$/m.exec(text)?.[1];
}

/** Whether a target is a file of the repository, and not an address or an anchor of the same page. */
export function isFile(target: string): boolean {
  return !/^(?:[a-z][a-z+.-]*:|#|\/\/)/i.test(target);
}
