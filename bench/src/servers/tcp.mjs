/** Reads files from a plain TCP connection and discards them. Eight bytes before each file are its length. */

import { createServer } from "node:net";
import { announce, counts, host } from "./serve.mjs";

const server = createServer({ allowHalfOpen: true }, (socket) => {
  let header = Buffer.alloc(0);
  let left = 0; // of the present file
  socket.on("data", (chunk) => {
    counts.bytes += chunk.length;
    for (let rest = chunk; rest.length > 0; ) {
      if (left === 0) {
        const taken = 8 - header.length;
        header = Buffer.concat([header, rest.subarray(0, taken)]);
        rest = rest.subarray(taken);
        if (header.length < 8) break;
        left = Number(header.readBigUInt64BE());
        header = Buffer.alloc(0);
      }
      const taken = Math.min(left, rest.length);
      left -= taken;
      rest = rest.subarray(taken);
      if (left === 0) counts.inputs += 1;
    }
  });
  socket.on("end", () => socket.end("."));
});
server.listen(0, host, () => announce(server.address().port));
