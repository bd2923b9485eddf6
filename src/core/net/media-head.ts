/** The head of an answer with bytes: the part of the content that follows, and the hash of the whole content. */

import type { IncomingHttpHeaders } from "node:http";

/** Status and headers of an answer, interpreted. */
export interface MediaHead {
  /** Offset of the first byte. */
  start: number;
  /** Size of the whole content, if the server names it. */
  totalBytes: number | undefined;
  /** Strong entity tag: it identifies exactly these bytes. */
  etag: string | undefined;
  /** SHA-256 of the whole content in hex, if the server names it. */
  sha256: string | undefined;
  /** Media type; empty if the server names none. */
  type: string;
  /** Whether all bytes have arrived before, so that the body of this answer is not content. */
  isOver: boolean;
}

/** Reads status and headers; returns undefined for an answer without content. `asked` is the offset that the request asked for. */
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

/** Repr-Digest (RFC 9530) and Digest (RFC 3230) cover the whole content, Content-Digest the body. Artefact stores send `x-checksum-sha256`. */
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
