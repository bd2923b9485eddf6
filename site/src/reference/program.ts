/** Reads the public names of all entry points, with the section that `src/index.ts` lists them in. */

import { join } from "node:path";
import ts from "typescript";
import { root } from "../repository.js";

export interface PublicName {
  name: string;
  /** What a program imports it from, such as `sluice/emulator`. */
  entry: string;
  section: string;
  symbol: ts.Symbol;
}

const entries: Record<string, string> = {
  sluice: "src/index.ts",
  "sluice/emulator": "src/emulator/index.ts",
  "sluice/jetstream": "src/jetstream/index.ts",
  "sluice/testing": "src/testing/index.ts",
};

export function readProgram(): { checker: ts.TypeChecker; names: PublicName[] } {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const paths = Object.values(entries).map((path) => join(root, path));
  const program = ts.createProgram(paths, options);
  const checker = program.getTypeChecker();
  const seen = new Set<ts.Symbol>();
  const names = Object.entries(entries).flatMap(([entry, path]) => {
    const file = program.getSourceFile(join(root, path));
    const module = file && checker.getSymbolAtLocation(file);
    if (!file || !module) throw new Error(`${path} exports nothing`);
    const sections = entry === "sluice" ? sectionsOf(file, checker) : new Map<ts.Symbol, string>();
    return checker.getExportsOfModule(module).flatMap((exported) => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      if (seen.has(symbol)) return [];
      seen.add(symbol);
      return [{ name: exported.name, entry, symbol, section: sections.get(symbol) ?? entry }];
    });
  });
  return { checker, names };
}

/** A comment of one line, such as `// Transforms`, begins a section. */
function sectionsOf(file: ts.SourceFile, checker: ts.TypeChecker): Map<ts.Symbol, string> {
  const sections = new Map<ts.Symbol, string>();
  let section = "";
  for (const statement of file.statements) {
    const comments = ts.getLeadingCommentRanges(file.text, statement.pos) ?? [];
    const titles = comments.map(({ pos, end }) => /^\/\/ (.+)$/.exec(file.text.slice(pos, end))?.[1]);
    section = titles.findLast((title) => title !== undefined) ?? section;
    if (!ts.isExportDeclaration(statement)) continue;
    const { exportClause, moduleSpecifier } = statement;
    const module = moduleSpecifier && checker.getSymbolAtLocation(moduleSpecifier);
    const names =
      exportClause && ts.isNamedExports(exportClause)
        ? exportClause.elements.map(({ name }) => checker.getSymbolAtLocation(name))
        : module && checker.getExportsOfModule(module);
    for (const symbol of names ?? []) {
      if (!symbol) continue;
      sections.set(symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol, section);
    }
  }
  return sections;
}
