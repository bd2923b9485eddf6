/** Reads the head of a PNG in base64. */

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Signature, length and name of the first chunk, and its width and height. */
const headBytes = 24;

/** Returns width and height of a PNG; undefined if the text is not base64 of a PNG. */
export function pngSize(base64: string): { width: number; height: number } | undefined {
  if (!isBase64(base64)) return undefined;
  const head = Buffer.from(base64.slice(0, (headBytes / 3) * 4), "base64");
  const isPng =
    head.length === headBytes && head.subarray(0, 8).equals(signature) && head.toString("latin1", 12, 16) === "IHDR";
  if (!isPng) return undefined;
  const [width, height] = [head.readUInt32BE(16), head.readUInt32BE(20)];
  return width > 0 && height > 0 ? { width, height } : undefined;
}

/** Returns the number of bytes that base64 with padding stands for. */
export function base64Bytes(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}
