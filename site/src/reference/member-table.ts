/** Writes the properties of a type as a table. */

import ts from "typescript";
import { commentOf } from "./comments.js";
import type { TypeText } from "./type-text.js";

/** Returns a table with a row for each property. Returns undefined for a type without own properties. */
export function memberTable(
  type: ts.Type,
  { checker, types, first }: { checker: ts.TypeChecker; types: TypeText; first: string },
): string | undefined {
  const rows = ownProperties(type).map((property) => {
    const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0;
    const { text } = commentOf(property, checker);
    const needed = isOptional || first !== "option" ? "" : "Required. ";
    const name = `${property.name}${isOptional && first !== "option" ? "?" : ""}`;
    return `| \`${name}\` | ${codeCell(types.write(checker.getTypeOfSymbol(property), isOptional))} | ${needed}${cell(text)} |`;
  });
  if (rows.length === 0) return undefined;
  return [`| ${first} | type | description |`, "| --- | --- | --- |", ...rows].join("\n");
}

/** Properties without those of the language, such as `stack` of an error, and without private ones. */
export function ownProperties(type: ts.Type): ts.Symbol[] {
  return type.getProperties().filter((property) => {
    const { valueDeclaration: declaration, declarations } = property;
    const [first] = declarations ?? [];
    const isOurs = first === undefined || !first.getSourceFile().hasNoDefaultLib;
    const isForeign = first?.getSourceFile().fileName.includes("/node_modules/") ?? false;
    const isPrivate =
      declaration !== undefined &&
      (ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0;
    const isInternal = property.getJsDocTags().some(({ name }) => name === "internal");
    return isOurs && !isForeign && !isPrivate && !isInternal && !/^(#|__)/.test(property.name);
  });
}

export function codeCell(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}

export function cell(text: string): string {
  return text.replace(/\s+/g, " ").replace(/(?<!\\)\|/g, "\\|");
}
