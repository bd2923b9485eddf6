/** Copies the bytes of the files over one plain TCP connection: no protocol can be faster on a link. */

import { createReadStream, readdirSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

const [, , folder, base] = process.argv;
const { hostname, port } = new URL(base);

async function* bytes() {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(statSync(path).size));
    yield length;
    yield* createReadStream(path, { highWaterMark: 1_048_576 });
  }
}

const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
const answered = socket.toArray();
await pipeline(Readable.from(bytes(), { objectMode: true }), socket, { end: true });
if (Buffer.concat(await answered).toString() !== ".") throw new Error("the server did not read everything");
