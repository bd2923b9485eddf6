/** An Inputs API over gRPC that answers PostInputs at once: it reads the ids while the message arrives, and keeps nothing of the files. */

import { createServer } from "node:http2";
import { announce, counts, host } from "./serve.mjs";

const inputsField = 2;
const idField = 1;
const framing = 5;
/** Like a server that measures the link. Most servers begin with 65,535 bytes for a connection, and some stay there. */
const windowBytes = Number(process.env.BENCH_GRPC_WINDOW ?? 16_000_000);

/** Reads the ids of the inputs from the chunks of a message. */
class IdReader {
  ids = [];
  #skip = framing;
  /** Bytes of the present input that are left, and of the message; the ids are fields of the inputs. */
  #inputLeft = 0;
  /** Bytes that were kept because a tag, a length or an id was cut. */
  #rest = Buffer.alloc(0);

  add(chunk) {
    let bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    for (;;) {
      const skipped = Math.min(this.#skip, bytes.length);
      bytes = bytes.subarray(skipped);
      this.#skip -= skipped;
      const used = bytes.length > 0 && this.#skip === 0 ? this.#readField(bytes) : 0;
      if (used === 0) break;
      bytes = bytes.subarray(used);
    }
    this.#rest = Buffer.from(bytes);
  }

  /** Reads one field, or the head of one; returns the bytes used, 0 if there are too few. */
  #readField(bytes) {
    const tag = varint(bytes, 0);
    const value = tag && varint(bytes, tag.end);
    if (!value) return 0;
    const field = tag.value >>> 3;
    const isBytes = (tag.value & 7) === 2;
    if (this.#inputLeft === 0) {
      if (field === inputsField && isBytes) this.#inputLeft = value.value;
      else this.#skip = isBytes ? value.value : 0;
      return value.end;
    }
    if (field === idField && bytes.length < value.end + value.value) return 0;
    const length = isBytes ? value.value : 0;
    this.#inputLeft -= value.end + length;
    if (field !== idField) {
      this.#skip = length;
      return value.end;
    }
    this.ids.push(bytes.toString("utf8", value.end, value.end + length));
    return value.end + length;
  }
}

function varint(bytes, at) {
  let value = 0;
  for (let index = at; index < bytes.length; index += 1) {
    value += (bytes[index] & 127) * 2 ** (7 * (index - at));
    if (bytes[index] < 128) return { value, end: index + 1 };
  }
  return undefined;
}

const varintOf = (number) => {
  const bytes = [];
  for (let rest = number; ; rest >>>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 127) | 128);
  }
};
const lengthDelimited = (field, bytes) => Buffer.concat([varintOf((field << 3) | 2), varintOf(bytes.length), bytes]);
const status = (code) => Buffer.concat([Buffer.from([8]), varintOf(code)]);

function answerOf(ids) {
  const inputs = ids.map((id) => {
    return lengthDelimited(2, Buffer.concat([lengthDelimited(1, Buffer.from(id)), lengthDelimited(6, status(30000))]));
  });
  const message = Buffer.concat([lengthDelimited(1, status(10000)), ...inputs]);
  const prefix = Buffer.alloc(framing);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

const server = createServer({ settings: { initialWindowSize: windowBytes } });
server.on("session", (session) => session.setLocalWindowSize(windowBytes));
server.on("stream", (stream) => {
  const reader = new IdReader();
  counts.requests += 1;
  stream.on("data", (chunk) => {
    counts.bytes += chunk.length;
    reader.add(chunk);
  });
  stream.on("end", () => {
    counts.inputs += reader.ids.length;
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(answerOf(reader.ids));
  });
});
server.listen(0, host, () => announce(server.address().port));
