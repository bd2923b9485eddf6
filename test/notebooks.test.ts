/** Compares the notebooks with the scripts that they are made of and, where Deno is there, runs their cells in its Jupyter kernel. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cellsOf } from "../scripts/notebooks/cells.js";
import { startKernel } from "../scripts/notebooks/kernel.js";
import { executed, type Notebook, type SavedOutput } from "../scripts/notebooks/notebook.js";

const folder = join(import.meta.dirname, "../examples/notebooks");
const names = readdirSync(folder).flatMap((name) => (name.endsWith(".ts") ? [name.replace(/\.ts$/, "")] : []));
const tools = process.env.NOTEBOOK_TOOLS;

const script = (name: string) => readFileSync(join(folder, `${name}.ts`), "utf8");
const text = (name: string) => readFileSync(join(folder, `${name}.ipynb`), "utf8");
const notebook = (name: string) => JSON.parse(text(name)) as Notebook;
const outputsOf = ({ cells }: Notebook) => cells.map(({ outputs = [] }) => outputs);

describe("the notebooks", () => {
  it("are one for each script", () => {
    const made = readdirSync(folder).filter((name) => name.endsWith(".ipynb"));
    expect(made).toEqual(names.map((name) => `${name}.ipynb`));
    expect(names).not.toHaveLength(0);
  });

  it.each(names)("%s has the cells of its script; `npm run notebooks` makes it again", (name) => {
    const cells = notebook(name).cells.map(({ cell_type, source }) => ({ type: cell_type, source: source.join("") }));
    expect(cells).toEqual(cellsOf(script(name)));
  });

  it.each(names)("%s has outputs for code hosts, and nothing of the machine that made it", (name) => {
    const outputs = outputsOf(notebook(name)).flat();
    expect(outputs.map(({ output_type }) => output_type)).not.toContain("error");
    expect(outputs.filter(({ data }) => data?.["text/html"] && data["text/plain"])).not.toHaveLength(0);
    expect(text(name)).not.toMatch(/<script|<iframe|<style|\u001b|file:|\/(tmp|home|root|work|Users|var)\/|:\\\\/);
    expect(text(name)).not.toMatch(/127\.0\.0\.1:(?!8080\b)/);
    expect(text(name).length).toBeLessThan(40_000);
  });
});

describe("a script of a notebook", () => {
  it("becomes cells, whose last value is displayed", () => {
    const code = ["const a = 1;", "console.log(`a text stays`);"].join("\n");
    const parts = [
      "/**\n * Title: does it.\n */",
      `// %% First.\n${code}`,
      "// %% Second.\nconsole.log(await run(a));",
    ];
    expect(cellsOf(parts.join("\n\n"))).toEqual([
      { type: "markdown", source: expect.stringMatching(/^# Title\n\nDoes it\.\n\n\[How to run/) as string },
      { type: "markdown", source: "First." },
      { type: "code", source: code },
      { type: "markdown", source: "Second." },
      { type: "code", source: "await run(a)" },
    ]);
  });

  it("needs a title and cells", () => {
    expect(() => cellsOf("/** Title. */\nconst a = 1;")).toThrow('"// %%"');
  });
});

if (tools === undefined) {
  console.warn("notebooks in Deno's kernel: skipped; npm install --prefix FOLDER deno zeromq, and set NOTEBOOK_TOOLS");
}
describe.skipIf(tools === undefined)("in Deno's kernel", () => {
  it.each(names)("the cells of %s run, and have the outputs that are saved", { timeout: 300_000 }, async (name) => {
    const kernel = await startKernel(tools ?? "", folder);
    const fresh = await executed(cellsOf(script(name)), kernel).finally(() => kernel.close());
    expect(
      outputsOf(fresh)
        .flat()
        .filter(({ output_type }) => output_type === "error"),
    ).toEqual([]);
    expect(outputsOf(fresh).map(comparable)).toEqual(outputsOf(notebook(name)).map(comparable));
  });
});

/**
 * What each run of a cell has in common: the formats, and the lines that scripts print and with which summaries begin. Folders are read in the order of the
 * file system, and progress depends on the time.
 */
function comparable(outputs: readonly SavedOutput[]): unknown[] {
  return outputs.map(({ output_type, text: stream, data }) => {
    const lines = stream ?? (output_type === "execute_result" ? (data?.["text/plain"] ?? []) : []);
    const firsts = lines.filter((line) => /^\S/.test(line)).map((line) => line.trim().replace(/ {2}\(.*/, ""));
    return { type: output_type, formats: Object.keys(data ?? {}), lines: firsts.sort() };
  });
}
