/** Reads the text of PDF. */

import { createRequire } from "node:module";
import { dirname } from "node:path";
import { describeError } from "../../core/errors.js";
import { loadOptional } from "../optional-package.js";
import { type Document, locked, unreadable } from "./document.js";

type Library = typeof import("pdfjs-dist");

/** @throws {InputError} ERR_PACKAGE_MISSING, ERR_DOCUMENT, ERR_DOCUMENT_LOCKED */
export async function readPdf(path: string, bytes: Buffer): Promise<Document> {
  const library = await loadOptional("documents", "pdfjs-dist@5", loadLibrary);
  const files = filesOfLibrary();
  const task = library.getDocument({
    data: new Uint8Array(bytes),
    // Without these tables, the text of Chinese, Japanese and Korean documents is lost.
    cMapUrl: `${files}/cmaps/`,
    cMapPacked: true,
    standardFontDataUrl: `${files}/standard_fonts/`,
    isEvalSupported: false,
    disableFontFace: true,
    useSystemFonts: false,
    verbosity: 0,
  });
  try {
    const document = await task.promise;
    const pages: string[] = [];
    for (let number = 1; number <= document.numPages; number += 1) {
      const page = await document.getPage(number);
      const { items } = await page.getTextContent();
      pages.push(
        items
          .map((item) => ("str" in item ? `${item.str}${item.hasEOL ? "\n" : ""}` : ""))
          .join("")
          .trim(),
      );
      page.cleanup();
    }
    const info = (await document.getMetadata()).info as { Title?: unknown; Author?: unknown };
    const text = pages.filter((page) => page !== "").join("\n\n");
    return { text, title: textOf(info.Title), author: textOf(info.Author), pages: document.numPages };
  } catch (error) {
    if ((error as { name?: unknown } | null)?.name === "PasswordException") throw locked(path, "needs a password");
    throw unreadable(path, `it is not a PDF, or is damaged: ${describeError(error)}`, error);
  } finally {
    await task.destroy();
  }
}

/** Loads the build for Node.js. */
async function loadLibrary(): Promise<Library> {
  return (await import("pdfjs-dist/legacy/build/pdf.mjs")) as unknown as Library;
}

/** Returns the folder of the library, which has tables of characters beside its code. */
function filesOfLibrary(): string {
  return dirname(createRequire(import.meta.url).resolve("pdfjs-dist/package.json"));
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
