/** Makes different contents of every kind, of a few hundred bytes each. */

import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { InputDraft } from "../../src/index.js";
import { bytes, png, pngText, u32be } from "./bombs.js";

export const contentKinds = ["image", "video", "audio", "text", "url"] as const;
export type ContentKind = (typeof contentKinds)[number];

let clip: Buffer | undefined;

/** Returns the bytes of the n-th content of a kind. For a URL, these are the bytes that its server sends. */
export function smallContent(kind: ContentKind, n: number): Buffer {
  switch (kind) {
    case "video":
      clip ??= readFileSync(join(import.meta.dirname, "../../examples/data/media/ferry.mp4"));
      return bytes(clip, u32be(8 + 4 + n), "free", Buffer.alloc(4 + n));
    case "audio":
      return sound(n);
    case "text":
      return Buffer.from(`The ${n}. text: calm sea, fog — and no wind.`);
    default:
      return png(8, 8, 8, [pngText(n + 1)]);
  }
}

/** Returns the part of a draft that has the content. */
export function draftOf(kind: ContentKind, n: number, origin: string): Partial<InputDraft> {
  const content = smallContent(kind, n);
  if (kind === "text") return { text: content.toString() };
  if (kind === "url") return { image: { url: `${origin}/${n}.png` } };
  return { [kind]: { bytes: content } };
}

/** Starts a server for the contents of URLs. */
export async function serveContents(): Promise<{ origin: string; server: Server }> {
  const server = createServer((request, response) => {
    const n = Number(/\d+/.exec(request.url ?? "")?.[0]);
    response.end(smallContent("url", n));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

function sound(n: number): Buffer {
  const samples = Buffer.alloc(200, n + 1);
  const wav = bytes("RIFF____WAVEfmt ", Buffer.alloc(20), "data____", samples);
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(8000, 24);
  wav.writeUInt32LE(8000, 28);
  wav.writeUInt16LE(1, 32);
  wav.writeUInt16LE(8, 34);
  wav.writeUInt32LE(samples.length, 40);
  return wav;
}
