/** Code of both servers: reports the open port to the runner, and the counts on request. */

/** The address that a server listens on. */
export const host = process.env.BENCH_HOST ?? "127.0.0.1";

export const counts = { requests: 0, bytes: 0, inputs: 0 };

export function announce(port) {
  process.on("message", () => process.send(counts));
  process.on("disconnect", () => process.exit());
  process.send({ port });
}
