/** Makes the anchors of headings as code hosts make them, so that a link works on a code host and on the site. */

/** Returns the anchor of a heading: lower case, spaces as hyphens, and no punctuation. */
export function slugOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "")
    .replaceAll(" ", "-");
}
