/** Writes the reference: a page for each public name, and an index of each section. */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { slugOf } from "../slug.js";
import { commentOf, firstSentence } from "./comments.js";
import { cell, codeCell } from "./member-table.js";
import { isFunction, namePage, type ReferenceTools } from "./name-page.js";
import { type PublicName, readProgram } from "./program.js";
import { Signatures } from "./signatures.js";
import { TypeText } from "./type-text.js";

export interface ReferenceSection {
  title: string;
  /** Folder of its pages, such as `reference/transforms`. */
  folder: string;
  names: ReferenceEntry[];
}

export interface ReferenceEntry {
  name: string;
  /** Page without its extension, such as `reference/transforms/nearDuplicates`. */
  page: string;
  kind: "function" | "type";
}

/** Writes the pages into the folder, and returns the sections in the order of `src/index.ts`. */
export function writeReference(target: string): ReferenceSection[] {
  const { checker, names } = readProgram();
  const isType = ({ symbol }: PublicName) =>
    (symbol.flags & (ts.SymbolFlags.TypeAlias | ts.SymbolFlags.Interface | ts.SymbolFlags.Class)) !== 0;
  const publicTypes = names
    .filter(isType)
    .map(({ name, symbol }) => ({ name, type: checker.getDeclaredTypeOfSymbol(symbol) }));
  const types = new TypeText(checker, publicTypes);
  const tools = { checker, types, signatures: new Signatures(checker, types) };
  const functions = new Set(names.filter((one) => !isType(one)).map(({ name }) => name));
  const sections = [...new Set(names.map(({ section }) => section))].map((section) => {
    const title = section.split(":", 1)[0] ?? section;
    const folder = `reference/${slugOf(title.replace("/", " "))}`;
    const own = names.filter((one) => one.section === section);
    const entries = own.map((one): ReferenceEntry & { one: PublicName } => {
      const file = fileOf(one.name, own);
      return { one, name: one.name, page: `${folder}/${file}`, kind: isType(one) ? "type" : "function" };
    });
    for (const { one, page } of entries) {
      const isRepeated =
        /^(.+)Options$/.test(one.name) && functions.has(`${one.name.charAt(0).toLowerCase()}${one.name.slice(1, -7)}`);
      // The page of the function has the same table.
      write(join(target, `${page}.md`), `${isRepeated ? "---\nsearch: false\n---\n\n" : ""}${namePage(one, tools)}`);
    }
    write(join(target, folder, "index.md"), sectionPage(section, entries, tools));
    return { title, folder, names: entries.map(({ name, page, kind }) => ({ name, page, kind })) };
  });
  const lines = sections.map(
    ({ title, folder, names }) => `- [${title}](./${folder.slice(10)}/index.md): ${names.length} names`,
  );
  write(
    join(target, "reference/index.md"),
    `# Every public name\n\nThe pages are made from the docstrings.\n\n${lines.join("\n")}\n`,
  );
  return sections;
}

function sectionPage(
  section: string,
  entries: readonly (ReferenceEntry & { one: PublicName })[],
  tools: ReferenceTools,
): string {
  const tableOf = (title: string, kind: ReferenceEntry["kind"]) => {
    const rows = entries
      .filter((entry) => entry.kind === kind)
      .map(({ one, page }) => {
        const name = isFunction(one, tools) ? `${one.name}()` : one.name;
        const about = cell(firstSentence(commentOf(one.symbol, tools.checker).text));
        return `| [${codeCell(name)}](./${page.split("/").at(-1)}.md) | ${about} |`;
      });
    return rows.length === 0 ? [] : [`## ${title}`, ["| name | what it does |", "| --- | --- |", ...rows].join("\n")];
  };
  return `---\nsearch: false\n---\n\n${[`# ${section}`, ...tableOf("Functions", "function"), ...tableOf("Types", "type")].join("\n\n")}\n`;
}

/** Some file systems do not tell `Flow` from `flow`. */
function fileOf(name: string, own: readonly PublicName[]): string {
  const isTaken = own.some((other) => other.name !== name && other.name.toLowerCase() === name.toLowerCase());
  return isTaken && /^[A-Z]/.test(name) ? `${name}-type` : name;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
