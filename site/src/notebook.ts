/** Makes a page of a Jupyter notebook, with its saved outputs. */

interface Notebook {
  cells: { cell_type: string; source: string | string[]; outputs?: Output[] }[];
  metadata?: { kernelspec?: { language?: string } };
}

interface Output {
  text?: string | string[];
  data?: Record<string, string | string[]>;
}

export function isNotebook(path: string): boolean {
  return path.endsWith(".ipynb");
}

/** Shows texts of outputs, and pictures. An output in HTML is shown by its plain text, which a notebook always has beside it. */
export function notebookPage(name: string, text: string): string {
  const { cells, metadata } = JSON.parse(text) as Notebook;
  const language = metadata?.kernelspec?.language === "python" ? "python" : "ts";
  const parts = cells.flatMap(({ cell_type, source, outputs = [] }) => {
    if (cell_type === "markdown") return [joined(source)];
    return [fenced(language, joined(source)), ...outputs.map(outputOf)];
  });
  const body = parts.filter((part) => part !== "").join("\n\n");
  return /^# /m.test(body) ? `${body}\n` : `# ${name}\n\n${body}\n`;
}

function outputOf({ text, data }: Output): string {
  const picture = data?.["image/png"];
  if (picture !== undefined)
    return `![output of the cell](data:image/png;base64,${joined(picture).replace(/\s/g, "")})`;
  const markdown = data?.["text/markdown"];
  if (markdown !== undefined) return joined(markdown);
  const plain = text ?? data?.["text/plain"];
  return plain === undefined ? "" : fenced("text", withoutColours(joined(plain)));
}

function withoutColours(text: string): string {
  return text.replace(/\u001b\[[\d;]*m/g, "");
}

function joined(text: string | string[]): string {
  return (typeof text === "string" ? text : text.join("")).trimEnd();
}

function fenced(language: string, text: string): string {
  const mark = "`".repeat(Math.max(3, ...[...text.matchAll(/`{3,}/g)].map(([ticks]) => ticks.length + 1)));
  return text === "" ? "" : `${mark}${language}\n${text}\n${mark}`;
}
