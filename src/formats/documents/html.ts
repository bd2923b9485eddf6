/** Reads the text of HTML. */

import { InputError } from "../../core/errors.js";
import { decodeData, encodingError } from "../../core/input/content.js";
import { loadOptional } from "../optional-package.js";
import { type Document, unreadable } from "./document.js";

type Walk = (nodes: unknown[], builder: object) => void;

/** Bytes in which a page names its encoding, as in the HTML standard. */
const encodingBytes = 1024;
const maxDepth = 2000;

/** Elements whose content no reader sees, or that repeat what a page says elsewhere. */
const unseen = [
  "title",
  "script",
  "style",
  "noscript",
  "template",
  "svg",
  "math",
  "object",
  "iframe",
  "select",
  "[hidden]",
  "[aria-hidden=true]",
];

/** @throws {InputError} ERR_PACKAGE_MISSING, ERR_TEXT_ENCODING, ERR_DOCUMENT */
export async function readHtml(path: string, bytes: Buffer): Promise<Document> {
  const { convert } = await loadOptional("documents", "html-to-text@10", () => import("html-to-text"));
  const html = decodeHtml(path, bytes);
  let text: string;
  try {
    text = convert(html, {
      wordwrap: false,
      formatters: { cell },
      limits: { maxInputLength: undefined, maxDepth, ellipsis: "" },
      selectors: [
        ...unseen.map((selector) => ({ selector, format: "skip" })),
        { selector: "a", options: { ignoreHref: true } },
        { selector: "img", format: "skip" },
        { selector: "table", format: "block", options: { leadingLineBreaks: 2, trailingLineBreaks: 2 } },
        { selector: "tr", format: "block", options: { leadingLineBreaks: 1, trailingLineBreaks: 1 } },
        ...["td", "th"].map((selector) => ({ selector, format: "cell" })),
        ...["h1", "h2", "h3", "h4", "h5", "h6"].map((selector) => ({ selector, options: { uppercase: false } })),
      ],
    });
  } catch (error) {
    throw unreadable(path, `its HTML cannot be converted: ${String(error)}`, error);
  }
  const head = html.slice(0, 100_000);
  const author = /<meta\b[^>]*\bname\s*=\s*["']?author\b[^>]*>/i.exec(head)?.[0];
  return {
    text: text.replace(/[^\S\n]+$/gm, ""),
    title: textOf(/<title\b[^>]*>([\s\S]{0,2000}?)<\/title/i.exec(head)?.[1]),
    author: textOf(
      /\bcontent\s*=\s*(?:"([^"]*)"|'([^']*)')/i
        .exec(author ?? "")
        ?.slice(1)
        .find(Boolean),
    ),
  };

  function textOf(source: string | undefined): string | undefined {
    return source === undefined ? undefined : convert(source, { wordwrap: false }).replace(/\s+/g, " ");
  }
}

/** Separates the cells of a row by tabs: the library's own table pads them, which one long cell makes too large. */
function cell({ children }: { children: unknown[] }, walk: Walk, builder: { addLiteral(text: string): void }): void {
  walk(children, builder);
  builder.addLiteral("\t");
}

/** Decodes a page by its byte order mark, by the encoding that it names, or as UTF-8. @throws {InputError} ERR_TEXT_ENCODING */
function decodeHtml(path: string, bytes: Buffer): string {
  const mark = bytes.toString("latin1", 0, 2);
  const byMark = mark === "\xff\xfe" ? "utf-16le" : mark === "\xfe\xff" ? "utf-16be" : undefined;
  const head = bytes.toString("latin1", 0, encodingBytes);
  const named =
    /<meta\b[^>]*\bcharset\s*=\s*["']?\s*([\w:.-]+)/i.exec(head) ??
    /^<\?xml\b[^>]*\bencoding\s*=\s*["']([\w:.-]+)/i.exec(head);
  // A page that names UTF-16 in ASCII is not in UTF-16.
  const label = byMark ?? named?.[1]?.toLowerCase().replace(/^utf-?16.*/, "utf-8") ?? "utf-8";
  let decoder: InstanceType<typeof TextDecoder>;
  try {
    decoder = new TextDecoder(label, { fatal: true });
  } catch (cause) {
    throw new InputError(
      "ERR_TEXT_ENCODING",
      `${path} names the encoding "${label}", which is not known; save it as UTF-8`,
      { cause },
    );
  }
  if (decoder.encoding === "utf-8") return decodeData(bytes, path);
  if (decoder.encoding === "windows-1252") return decodeWindows1252(bytes);
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw encodingError(bytes, path, error);
  }
}

/** The characters of the bytes 0x80 to 0x9f. An empty place keeps its number. */
const windows1252 = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";

/** Node.js 20 decodes windows-1252 as Latin-1, and so loses quotes, dashes and the euro sign. */
function decodeWindows1252(bytes: Buffer): string {
  const text = bytes.toString("latin1");
  return text.replace(/[\x80-\x9f]/g, (one) => windows1252[one.charCodeAt(0) - 0x80]?.trim() || one);
}
