/** The functions that make HTML of reports and inputs, as one module that is loaded on first use. */

export { framedReport, framedSheet, preformatted } from "./notebook.js";
export { writePage } from "./page/page.js";
