/** The functions that make HTML of reports and inputs, as one module that is loaded on first use. */

export { inputsHtml, reportHtml } from "./notebook/notebook.js";
export { preformatted } from "./notebook/tables.js";
export { writePage } from "./page/page.js";
