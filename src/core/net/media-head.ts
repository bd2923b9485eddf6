/** The head of an answer with bytes: which part of which content it is, and what the whole should hash to. */

import type { IncomingHttpHeaders } from "node:http";

/** What an answer says before its bytes. */
export interface MediaHead {
  /** Offset of the first byte. */
  start: number;
  /** Bytes of the whole, when the server says so. */
  totalBytes: number | undefined;
  /** Tag of exactly this content. */
  etag: string | undefined;
  /** SHA-256 of the whole in hex, when the server tells it. */
  sha256: string | undefined;
  /** Type that the server names; empty when it names none. */
  type: string;
  /** Whether what was asked for is there already, so that what comes is none of it. */
  isOver: boolean;
}

/** Reads status and headers; undefined for an answer that has no bytes to take. `asked` is the offset that was asked for. */
export function mediaHead(statusCode: number, headers: IncomingHttpHeaders, asked: number): MediaHead | undefined {
  const { etag: tag } = headers;
  const isStrong = typeof tag === "string" && tag.startsWith('"');
  const facts = {
    etag: isStrong ? tag : undefined,
    sha256: sha256In(headers, statusCode),
    type: headers["content-type"] ?? "",
    isOver: statusCode === 416,
  };
  const range = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers["content-range"] ?? "");
  const length = numberFrom(headers["content-length"]);
  if (statusCode === 200) return { start: 0, totalBytes: length, ...facts };
  if (statusCode === 206) {
    const start = numberFrom(range?.[1]) ?? asked;
    return {
      start,
      totalBytes: numberFrom(range?.[2]) ?? (length === undefined ? undefined : start + length),
      ...facts,
    };
  }
  if (statusCode === 416 && asked > 0 && numberFrom(range?.[2]) === asked) {
    return { start: asked, totalBytes: asked, ...facts };
  }
  return undefined;
}

/** Repr-Digest (RFC 9530) and Digest (RFC 3230) are of the whole, Content-Digest of what is sent; the last is what stores of artefacts send. */
function sha256In(headers: IncomingHttpHeaders, statusCode: number): string | undefined {
  const own = statusCode === 200 ? headers["content-digest"] : undefined;
  const digests = [headers["repr-digest"], headers.digest, own].filter((value) => value !== undefined).join(",");
  const base64 = /(?:^|,)\s*sha-256=:?([A-Za-z0-9+/]{43}=)/i.exec(digests)?.[1];
  if (base64 !== undefined) return Buffer.from(base64, "base64").toString("hex");
  const hex = headers["x-checksum-sha256"];
  return typeof hex === "string" && /^[0-9a-f]{64}$/i.test(hex) ? hex.toLowerCase() : undefined;
}

function numberFrom(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
