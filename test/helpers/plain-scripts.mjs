/** Lets Node.js run the TypeScript of examples at once: their types were removed before it starts. SLUICE_PLAIN_SCRIPTS is a JSON file with the code by URL. */

import { register } from "node:module";

const hooks = `
  import { readFileSync } from "node:fs";
  const scripts = JSON.parse(readFileSync(${JSON.stringify(process.env.SLUICE_PLAIN_SCRIPTS)}, "utf8"));
  export async function load(url, context, next) {
    const source = scripts[url];
    return source === undefined ? next(url, context) : { format: "module", source, shortCircuit: true };
  }
`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
