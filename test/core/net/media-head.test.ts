import type { IncomingHttpHeaders } from "node:http";
import { describe, expect, it } from "vitest";
import { mediaHead } from "../../../src/core/net/media-head.js";

const base64 = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";
const hex = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

describe("the head of an answer", () => {
  it.each<[string, number, IncomingHttpHeaders, number, object | undefined]>([
    ["the whole content", 200, { "content-length": "10" }, 0, { start: 0, totalBytes: 10, isOver: false }],
    ["the whole content instead of a part", 200, { "content-length": "10" }, 5, { start: 0, totalBytes: 10 }],
    ["content of unknown length", 200, {}, 0, { start: 0, totalBytes: undefined }],
    ["a part", 206, { "content-range": "bytes 5-9/10", "content-length": "5" }, 5, { start: 5, totalBytes: 10 }],
    [
      "a part of content of unknown length",
      206,
      { "content-range": "bytes 5-9/*", "content-length": "5" },
      5,
      { totalBytes: 10 },
    ],
    ["another part than the requested one", 206, { "content-range": "bytes 0-9/10" }, 5, { start: 0, totalBytes: 10 }],
    ["a part without its position", 206, { "content-length": "5" }, 5, { start: 5, totalBytes: 10 }],
    [
      "a request at the end of the content",
      416,
      { "content-range": "bytes */10" },
      10,
      { start: 10, totalBytes: 10, isOver: true },
    ],
    ["content that is shorter than before", 416, { "content-range": "bytes */9" }, 10, undefined],
    ["empty content", 416, { "content-range": "bytes */0" }, 0, undefined],
    ["no content", 204, {}, 0, undefined],
    ["a redirect", 302, { location: "/b" }, 0, undefined],
    ["an invalid length", 200, { "content-length": "ten" }, 0, { totalBytes: undefined }],
  ])("describes %s", (_, status, headers, asked, expected) => {
    const head = mediaHead(status, headers, asked);
    if (expected) expect(head).toMatchObject(expected);
    else expect(head).toBeUndefined();
  });

  it.each<[string, number, IncomingHttpHeaders, string | undefined]>([
    ["Repr-Digest", 206, { "repr-digest": `sha-512=:AAAA:, sha-256=:${base64}:` }, hex],
    ["Digest", 206, { digest: `SHA-256=${base64},md5=AAAA` }, hex],
    ["Content-Digest of the whole content", 200, { "content-digest": `sha-256=:${base64}:` }, hex],
    [
      "Content-Digest of a part, which says nothing about the whole content",
      206,
      { "content-digest": `sha-256=:${base64}:` },
      undefined,
    ],
    ["X-Checksum-Sha256", 200, { "x-checksum-sha256": hex.toUpperCase() }, hex],
    ["another algorithm", 200, { digest: "md5=AAAA", "x-checksum-sha256": "AAAA" }, undefined],
    ["an entity tag, which is not a digest", 200, { etag: `"${hex}"` }, undefined],
  ])("has the digest of %s", (_, status, headers, expected) => {
    expect(mediaHead(status, headers, 0)?.sha256).toBe(expected);
  });

  it.each([
    ['"v1"', '"v1"'],
    ['W/"v1"', undefined],
    ["v1", undefined],
  ])("has the tag %s only if it is strong", (etag, expected) => {
    expect(mediaHead(200, { etag }, 0)?.etag).toBe(expected);
  });
});
