/**
 * Ends a process that has more than ten listeners of one event, of vitest or a Node.js program that a test starts: Node.js would print a warning into
 * the output that users read, and there may be one listener more for each input.
 */

const mark = Symbol.for("sluice.test.no-listener-warnings");
if (!process[mark]) {
  process.on("warning", (warning) => {
    if (warning.name === "MaxListenersExceededWarning") throw new Error(warning.stack);
  });
  Object.defineProperty(process, mark, { value: true });
}
