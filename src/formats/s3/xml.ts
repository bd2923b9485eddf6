/** The XML of S3: elements with texts, without attributes that matter. */

/** An element: its name, its own text, and its children. */
export interface XmlElement {
  name: string;
  text: string;
  children: XmlElement[];
}

const maxDepth = 20;
const token =
  /<\?[^>]*\?>|<!--[\s\S]*?-->|<(\/?)([A-Za-z_][\w.:-]*)((?:\s+[\w.:-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/gy;
const named: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Reads a document. Declares no entities and follows no references. Returns undefined if the text is not well-formed. */
export function parseXml(text: string): XmlElement | undefined {
  const document: XmlElement = { name: "", text: "", children: [] };
  const open = [document];
  token.lastIndex = 0;
  const body = text.replace(/^\ufeff/, "");
  for (let end = 0; end < body.length; end = token.lastIndex) {
    token.lastIndex = end;
    const found = token.exec(body);
    const parent = open.at(-1);
    if (!found || !parent) return undefined;
    const [, closes, name, , isEmpty, characters] = found;
    if (characters !== undefined) {
      const decoded = withoutReferences(characters);
      if (decoded === undefined) return undefined;
      parent.text += decoded;
    } else if (name !== undefined && closes) {
      if (open.pop()?.name !== localName(name) || open.length === 0) return undefined;
    } else if (name !== undefined) {
      const element = { name: localName(name), text: "", children: [] };
      parent.children.push(element);
      if (!isEmpty) open.push(element);
      if (open.length > maxDepth) return undefined;
    }
  }
  return open.length === 1 && document.children.length === 1 ? document.children[0] : undefined;
}

/** Returns the text of a child; undefined if it is absent. */
export function textOf(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function withoutReferences(text: string): string | undefined {
  let isBroken = false;
  const decoded = text.replace(/&([^;\s]{0,10});?/g, (_, reference: string) => {
    const value = named[reference] ?? characterOf(reference);
    isBroken ||= value === undefined;
    return value ?? "";
  });
  return isBroken ? undefined : decoded;
}

function characterOf(reference: string): string | undefined {
  const [, hex, decimal] = /^#(?:x([0-9A-Fa-f]{1,6})|(\d{1,7}))$/.exec(reference) ?? [];
  const code = hex !== undefined ? Number.parseInt(hex, 16) : Number(decimal ?? Number.NaN);
  return code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}
