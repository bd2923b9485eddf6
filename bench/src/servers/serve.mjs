/** Code of both servers: reports the open port to the runner, and the counts on request. */

export const counts = { requests: 0, bytes: 0, inputs: 0 };

export function announce(port) {
  process.on("message", () => process.send(counts));
  process.on("disconnect", () => process.exit());
  process.send({ port });
}
