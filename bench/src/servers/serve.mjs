/** What both servers have in common: the runner gets the port when it is open, and the counts when it asks for them. */

export const counts = { requests: 0, bytes: 0, inputs: 0 };

export function announce(port) {
  process.on("message", () => process.send(counts));
  process.on("disconnect", () => process.exit());
  process.send({ port });
}
