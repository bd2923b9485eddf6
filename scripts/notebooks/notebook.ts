/** Runs the cells of a notebook, and makes its file with the outputs. */

import type { Cell } from "./cells.js";
import type { Kernel, Output } from "./kernel.js";

/** A notebook, as far as it is used. Texts are lists of lines, as front ends save them. */
export interface Notebook {
  cells: { cell_type: Cell["type"]; source: string[]; outputs?: SavedOutput[] }[];
}
export type SavedOutput = Omit<Output, "text" | "data"> & { text?: string[]; data?: Record<string, string[]> };

/** Runs the cells in their order. */
export async function executed(cells: readonly Cell[], kernel: Kernel): Promise<Notebook> {
  const notebook: Notebook = { cells: [] };
  let count = 0;
  for (const [index, { type, source }] of cells.entries()) {
    const cell = { cell_type: type, id: `cell-${index + 1}`, metadata: {}, source: lines(source) };
    if (type === "markdown") notebook.cells.push(cell);
    else {
      count += 1;
      const outputs = (await kernel.execute(source)).map(saved);
      notebook.cells.push({ ...cell, execution_count: count, outputs } as Notebook["cells"][number]);
    }
  }
  return Object.assign(notebook, {
    metadata: {
      kernelspec: { display_name: "Deno", language: "typescript", name: "deno" },
      language_info: {
        codemirror_mode: "typescript",
        file_extension: ".ts",
        mimetype: "text/x.typescript",
        name: "typescript",
        pygments_lexer: "typescript",
      },
    },
    nbformat: 4,
    nbformat_minor: 5,
  });
}

function saved(output: Output): SavedOutput {
  if (output.output_type === "stream") return { ...output, text: lines(steady(output.text)) };
  if (output.output_type === "error") return output;
  const data = Object.entries(output.data).map(([type, text]) => [type, lines(steady(text))]);
  return { ...output, data: Object.fromEntries(data) as Record<string, string[]> };
}

/** Replaces what differs in each run: ports, times, rates and counts of requests. */
function steady(text: string): string {
  return text
    .replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:8080")
    .replace(/[^\s"'<>]*\/(sluice-[a-z]+)-\w{6}\b/g, "…/$1") // temporary folders
    .replace(/\b[\d.]+ [kMG]?B\/s/g, "… MB/s")
    .replace(/\b[\d,.]+\/s/g, "…/s")
    .replace(/\b[\d.]+ (ms|s)\b/g, "… s")
    .replace(/\b\d+ requests?\b/g, "… requests");
}

function lines(text: string): string[] {
  return text === "" ? [] : text.split(/(?<=\n)/);
}
