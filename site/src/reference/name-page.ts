/** Writes the page of one public name. */

import ts from "typescript";
import { type Comment, commentOf } from "./comments.js";
import { memberTable, ownProperties } from "./member-table.js";
import type { PublicName } from "./program.js";
import type { Signatures } from "./signatures.js";
import type { TypeText } from "./type-text.js";

export interface ReferenceTools {
  checker: ts.TypeChecker;
  types: TypeText;
  signatures: Signatures;
}

const maxOverloads = 3;

export function namePage(one: PublicName, tools: ReferenceTools): string {
  const { name, symbol } = one;
  const comment = commentOf(symbol, tools.checker);
  const [summary = "", ...details] = comment.text.split(/\n\s*\n/);
  const parts = [
    `# ${isFunction(one, tools) ? `${name}()` : name}`,
    comment.deprecated === undefined ? "" : `**Deprecated.** ${comment.deprecated}`,
    summary,
    fenced([importOf(one), ...callsOf(one, tools)].join("\n")),
    ...details,
    ...bodyOf(one, tools),
    ...tagsOf(comment, "##", optionsIn(one, tools)),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

export function isFunction({ symbol }: PublicName, { checker }: ReferenceTools): boolean {
  if (isTypeOnly(symbol) || symbol.flags & ts.SymbolFlags.Class) return false;
  return checker.getTypeOfSymbol(symbol).getCallSignatures().length > 0;
}

/** Some schemas have the name of their type; only the type is public. */
function isTypeOnly(symbol: ts.Symbol): boolean {
  return (symbol.flags & (ts.SymbolFlags.TypeAlias | ts.SymbolFlags.Interface)) !== 0;
}

function importOf({ name, symbol, entry }: PublicName): string {
  return `import ${isTypeOnly(symbol) ? "type " : ""}{ ${name} } from "${entry}";`;
}

function callsOf(one: PublicName, tools: ReferenceTools): string[] {
  if (!isFunction(one, tools)) return [];
  const calls = tools.checker.getTypeOfSymbol(one.symbol).getCallSignatures();
  return ["", ...calls.map((call) => tools.signatures.write(one.name, call))];
}

function optionsIn(one: PublicName, tools: ReferenceTools): string {
  if (!isFunction(one, tools)) return "";
  const [signature] = tools.checker.getTypeOfSymbol(one.symbol).getCallSignatures();
  const options = signature && tools.signatures.optionsOf(one.name, signature);
  const table = options && memberTable(options.type, { ...tools, first: "option" });
  return table === undefined ? "" : `## Options\n\n${table}`;
}

function bodyOf(one: PublicName, tools: ReferenceTools): string[] {
  const { name, symbol } = one;
  const { checker, types } = tools;
  if (isFunction(one, tools)) return [];
  if (symbol.flags & ts.SymbolFlags.Class) return classBody(symbol, tools);
  if (!isTypeOnly(symbol)) {
    const table = memberTable(checker.getTypeOfSymbol(symbol), { ...tools, first: "property" });
    if (table !== undefined) return ["## Properties", table];
    return ["## Declaration", fenced(`const ${name}: ${types.write(checker.getTypeOfSymbol(symbol))};`)];
  }
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  const isOptions = /Options?$/.test(name);
  const table = type.isUnion() ? undefined : memberTable(type, { ...tools, first: isOptions ? "option" : "property" });
  if (table !== undefined) return [isOptions ? "## Options" : "## Properties", table];
  const declaration =
    symbol.declarations
      ?.find(ts.isTypeAliasDeclaration)
      ?.getText()
      .replace(/^export /, "") ?? "";
  const text = /\bz\.|typeof /.test(declaration) ? `type ${name} = ${types.writeDeclaration(type)};` : declaration;
  return ["## Declaration", fenced(text)];
}

function classBody(symbol: ts.Symbol, tools: ReferenceTools): string[] {
  const { checker, signatures } = tools;
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  const members = ownProperties(type);
  const isMethod = (member: ts.Symbol) => (member.flags & ts.SymbolFlags.Method) !== 0;
  const fields = memberTable({ getProperties: () => members.filter((member) => !isMethod(member)) } as ts.Type, {
    ...tools,
    first: "property",
  });
  const methods = members.filter(isMethod).map((member) => {
    const calls = checker.getTypeOfSymbol(member).getCallSignatures();
    const name = member.name.startsWith("__@") ? "[Symbol.asyncIterator]" : member.name;
    const shown = calls.slice(0, maxOverloads).map((call) => signatures.write(name, call));
    if (calls.length > maxOverloads) shown.push(`// and ${calls.length - maxOverloads} more, with more arguments`);
    const comment = commentOf(calls[0] ?? member, checker);
    return [`### ${name}()`, fenced(shown.join("\n")), comment.text, ...tagsOf(comment, "####")]
      .filter((part) => part !== "")
      .join("\n\n");
  });
  return [
    ...(fields === undefined ? [] : ["## Properties", fields]),
    ...(methods.length === 0 ? [] : ["## Methods", ...methods]),
  ];
}

function tagsOf(comment: Comment, level: "##" | "####", options = ""): string[] {
  const parameters = [...comment.parameters].map(([name, text]) => `- \`${name}\`: ${text}`);
  const throws = comment.throws.map(
    (text) => `- ${text.replace(/^\{(\w+)\} ?/, "`$1`: ").replace(/\b(ERR_[A-Z0-9_]+)\b(?!`)/g, "`$1`")}`,
  );
  const section = (title: string, lines: string[]) =>
    lines.length === 0 ? [] : [`${level} ${title}`, lines.join("\n")];
  return [
    ...section(
      "Example",
      comment.examples.map((example) => fenced(example)),
    ),
    ...section("Parameters", parameters),
    options,
    ...section("Throws", throws),
  ];
}

function fenced(code: string): string {
  return `\`\`\`ts\n${code.trim()}\n\`\`\``;
}
