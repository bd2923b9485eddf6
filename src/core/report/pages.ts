/** All that makes HTML of reports and inputs, as one part that is loaded on first use. */

export { framedReport, framedSheet, preformatted } from "./notebook.js";
export { writePage } from "./page.js";
