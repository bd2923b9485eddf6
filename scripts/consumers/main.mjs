/** Uploads to an emulator what needs packages, bundled and installed ones, and prints one line. Without top-level await, for bundles of CommonJS. */

import { main } from "./program.mjs";

main().then(console.log, (error) => {
  console.error(error);
  process.exitCode = 1;
});
