/** References: how inputs travel on a stream. */

import { expect, it } from "vitest";
import type { Input } from "../../src/index.js";
import { decodeReference, encodeReference } from "../../src/jetstream/reference.js";

const plain = { id: "a", concepts: [], metadata: { place: "quay" }, annotations: [], datasets: [] };
const decoded = (text: string, root?: string) => decodeReference(Buffer.from(text), root);

it("contains paths and fields, but no sizes and times, which may differ on the worker's machine", () => {
  const input: Input = {
    ...plain,
    image: { path: "/photos/a.jpg", sizeBytes: 3, modifiedMs: 4, mimeType: "image/jpeg" },
  };
  const reference = decoded(encodeReference(input, "a.jpg", 10_000));
  expect(reference).toEqual({ origin: "a.jpg", input: { ...plain, image: { path: "/photos/a.jpg" } } });
});

it("contains the state of a listed input, for a patch in a worker", () => {
  const listed = { app: "me/main at https://api.test", id: "a", data: { metadata: { place: "quay" } } };
  expect(decoded(encodeReference(plain, "a", 10_000, undefined, listed)).listed).toEqual(listed);
});

it("names files relative to the publisher's root, and resolves them in the worker's root", () => {
  const text = encodeReference({ ...plain, video: { path: "/mnt/here/sea/a.mp4" } }, "a.mp4", 10_000, "/mnt/here");
  expect(decoded(text, "/data/there").input.video).toEqual({ path: "/data/there/sea/a.mp4" });
  for (const path of ["/mnt/a.jpg", "/mnt/here", "/mnt/here/../x/a.jpg", "/mnt/hereafter/a.jpg"]) {
    const outside = () => encodeReference({ ...plain, image: { path } }, "a", 10_000, "/mnt/here");
    expect(outside, path).toThrow(/is not in the root \/mnt\/here/);
  }
  for (const path of ["/etc/passwd", "../a.jpg", "sea/../../a.jpg", ".."]) {
    for (const field of ["image", "text"]) {
      const wire = JSON.stringify({ sluice: 1, origin: "a", input: { [field]: { path } } });
      expect(() => decoded(wire, "/data/there"), path).toThrow(/is not in the root \/data\/there/);
    }
  }
});

it("refuses content in memory, and inputs that exceed the limit of a message", () => {
  const bytes = { ...plain, image: { bytes: new Uint8Array(3) } };
  expect(() => encodeReference(bytes, "a", 10_000)).toThrow(/only files and URLs can be published/);
  const text = { ...plain, text: "ü".repeat(500) };
  expect(() => encodeReference(text, "a", 1000)).toThrow(/have 11\d\d bytes, and the NATS server accepts at most 1000/);
  expect(decoded(encodeReference({ ...plain, image: { url: "https://x.test/a.jpg" } }, "a", 1000)).input.image).toEqual(
    {
      url: "https://x.test/a.jpg",
    },
  );
});
