/** What the schemas of options say of each option, for the declarations: the compiler leaves comments out of types that it finds itself. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes the comments of a source file's `Options` into its declaration, above the properties that they are about. */
export function addOptionComments(file: string): void {
  const source = readFileSync(join("src", file), "utf8");
  const schema = /^const Options = z\.strictObject\(\{\n([\s\S]*?)^\}\)/m.exec(source)?.[1];
  if (schema === undefined) return;
  const comments = new Map<string, string>();
  for (const [, comment = "", name = ""] of schema.matchAll(/^ {2}(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\n {2}(\w+):/gm))
    comments.set(name, comment);
  const path = join("dist", file.replace(/\.ts$/, ".d.ts"));
  const declaration = readFileSync(path, "utf8");
  const commented = declaration.replace(/^declare const Options: [\s\S]*?^\}/m, (type) =>
    type.replace(/^ {4}(\w+):/gm, (line, name: string) => {
      const comment = comments.get(name);
      return comment === undefined ? line : `    ${comment.replaceAll("\n  ", "\n    ")}\n${line}`;
    }),
  );
  writeFileSync(path, commented);
}
