/** What the schemas of options say of each option, for the declarations: the compiler leaves comments out of types that it finds itself. */

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Writes the comments of a source file's `Options` into its declaration, above the properties that they are about. */
export function addOptionComments(file: string): void {
  const comments = commentsOf(file, "Options");
  if (comments.size === 0) return;
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

/** The comments in an object of schemas, those included that it spreads from another file. */
function commentsOf(file: string, name: string): Map<string, string> {
  const source = readFileSync(join("src", file), "utf8");
  const comments = new Map<string, string>();
  const schema = new RegExp(`^(?:export )?const ${name} = (?:z\\.strictObject\\()?\\{\\n([\\s\\S]*?)^\\}`, "m").exec(
    source,
  )?.[1];
  if (schema === undefined) return comments;
  for (const [, spread = ""] of schema.matchAll(/^ {2}\.\.\.(\w+),$/gm)) {
    const from = new RegExp(`import \\{[^}]*\\b${spread}\\b[^}]*\\} from "([^"]+)\\.js"`).exec(source)?.[1];
    if (from !== undefined)
      for (const entry of commentsOf(join(dirname(file), `${from}.ts`), spread)) comments.set(...entry);
  }
  for (const [, comment = "", option = ""] of schema.matchAll(/^ {2}(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\n {2}(\w+):/gm))
    comments.set(option, comment);
  return comments;
}
