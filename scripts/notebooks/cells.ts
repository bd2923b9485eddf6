/** Reads the cells of a script: `// %%` and sentences begin a cell, and the docstring at the top has the title and the purpose. */

/** A cell of a notebook. */
export interface Cell {
  type: "code" | "markdown";
  source: string;
}

/**
 * Makes cells of a script. The code is the script's, with two differences, since a kernel runs cells and no module: `import.meta.dirname` becomes the
 * folder of the notebook, and a last line `console.log(value);` becomes `value`, which notebooks display as HTML.
 */
export function cellsOf(script: string): Cell[] {
  const [head = "", ...parts] = script.split(/^\/\/ %% /m);
  const [, title, first = "", rest] = /^\/\*\*\n \* (.+?): (.)(.*)\n/.exec(head) ?? [];
  if (title === undefined || parts.length === 0) {
    throw new Error('a script of a notebook must begin with a docstring "Title: purpose.", and its cells with "// %%"');
  }
  const how = "[How to run this notebook](../../docs/guide/notebooks.md)";
  return [
    { type: "markdown", source: `# ${title}\n\n${first.toUpperCase()}${rest}\n\n${how}` },
    ...parts.flatMap((part): Cell[] => {
      const end = part.indexOf("\n");
      const code = part.slice(end).trim();
      return [
        { type: "markdown", source: part.slice(0, end) },
        { type: "code", source: forKernel(code) },
      ];
    }),
  ];
}

function forKernel(code: string): string {
  return code.replaceAll("import.meta.dirname", '"."').replace(/^console\.log\((?!["'`])(.+)\);$(?![\s\S])/m, "$1");
}
