/** Makes the notebooks of examples/notebooks: runs the cells of each script in Deno's Jupyter kernel with the built package, and saves them with their outputs. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cellsOf } from "./notebooks/cells.js";
import { startKernel } from "./notebooks/kernel.js";
import { executed } from "./notebooks/notebook.js";

const tools = process.env.NOTEBOOK_TOOLS;
if (tools === undefined) {
  console.error(
    "NOTEBOOK_TOOLS is not set. Run: npm install --prefix FOLDER deno zeromq; NOTEBOOK_TOOLS=FOLDER npm run notebooks",
  );
  process.exit(1);
}
const folder = join(import.meta.dirname, "../examples/notebooks");
for (const file of readdirSync(folder).filter((name) => name.endsWith(".ts"))) {
  const name = file.replace(/\.ts$/, "");
  const kernel = await startKernel(tools, folder);
  try {
    const notebook = await executed(cellsOf(readFileSync(join(folder, file), "utf8")), kernel);
    const text = `${JSON.stringify(notebook, undefined, 1)}\n`;
    writeFileSync(join(folder, `${name}.ipynb`), text);
    const errors = notebook.cells.flatMap(({ outputs = [] }) => outputs).filter((one) => one.output_type === "error");
    console.log(`${name}.ipynb: ${notebook.cells.length} cells, ${text.length} characters, ${errors.length} errors`);
    if (errors.length > 0) process.exitCode = 1;
  } finally {
    await kernel.close();
  }
}
