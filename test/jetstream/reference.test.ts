/** References: how inputs travel on a stream. */

import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import type { Input } from "../../src/index.js";
import { decodeReference, encodeReference, messageIdOf, resolveFiles } from "../../src/jetstream/reference.js";
import { temporaryFolder } from "../helpers/store.js";

const url = "https://x.test/a.jpg";
const signedBy = (signature: string) => `X-Amz-Algorithm=A&X-Amz-Credential=B&X-Amz-Signature=${signature}`;
const plain = { id: "a", concepts: [], metadata: { place: "quay" }, annotations: [], datasets: [] };
const decoded = (text: string, root?: string) => {
  const reference = decodeReference(Buffer.from(text));
  return { ...reference, input: resolveFiles(reference.input, root) };
};

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

it("refuses files behind links that leave the root, and follows links inside it", () => {
  const parent = temporaryFolder();
  const [root, outside] = [join(parent, "root"), join(parent, "outside")];
  mkdirSync(join(root, "sea"), { recursive: true });
  mkdirSync(outside);
  for (const path of [join(root, "sea/a.jpg"), join(outside, "b.jpg")]) writeFileSync(path, "x");
  symlinkSync(join(outside, "b.jpg"), join(root, "link.jpg"));
  symlinkSync(outside, join(root, "linked"));
  symlinkSync("../../outside", join(root, "sea/relative"));
  symlinkSync(join(outside, "later.jpg"), join(root, "broken.jpg"));
  symlinkSync(join(root, "sea"), join(root, "inside"));
  symlinkSync(root, join(parent, "mounted"));
  const pathOf = (path: string, at = root) => resolveFiles({ image: { path } }, at).image;
  for (const path of ["link.jpg", "linked/b.jpg", "sea/relative/b.jpg", "linked/missing.jpg", "broken.jpg"]) {
    expect(() => pathOf(path), path).toThrow(/is a link that leaves the root/);
    expect(() => pathOf(path, join(parent, "mounted")), path).toThrow(/is a link that leaves the root/);
  }
  expect(pathOf("inside/a.jpg")).toEqual({ path: join(root, "sea/a.jpg") });
  expect(pathOf("sea/a.jpg", join(parent, "mounted"))).toEqual({ path: join(parent, "mounted/sea/a.jpg") });
  expect(pathOf("missing.jpg")).toEqual({ path: join(root, "missing.jpg") });
});

it("has another message id if a file has changed or lies elsewhere, and the same one for another signature", () => {
  const idOf = (input: Partial<Input>, origin = "photos/a.jpg") => {
    const whole = { ...plain, ...input };
    return messageIdOf(encodeReference(whole, origin, 10_000), whole);
  };
  const file = { path: "/photos/a.jpg", sizeBytes: 3, modifiedMs: 4 };
  const first = idOf({ image: file });
  expect(idOf({ image: { ...file } })).toBe(first);
  const others = [
    idOf({ image: { ...file, modifiedMs: 5 } }),
    idOf({ image: { ...file, sizeBytes: 4 } }),
    idOf({ image: { ...file, path: "/elsewhere/a.jpg" } }),
    idOf({ image: file, metadata: { place: "pier" } }),
    idOf({ id: "b", image: file }),
  ];
  expect(new Set([first, ...others]).size).toBe(6);
  const signed = (signature: string) => idOf({ image: { url: `${url}?${signedBy(signature)}` } }, url);
  expect(signed("one")).toBe(signed("two"));
});

it("names a file by its path, however it was typed, so that equal names in two folders are two origins", () => {
  const path = resolve("photos/a.jpg");
  const originOf = (origin: string, root?: string) =>
    decoded(encodeReference({ ...plain, image: { path } }, origin, 10_000, root)).origin;
  for (const origin of ["photos/a.jpg", "./photos/a.jpg", path]) expect(originOf(origin)).toBe(path);
  expect(originOf(path, resolve("."))).toBe("photos/a.jpg");
  expect(originOf("photos.csv:3")).toBe("photos.csv:3");
});

it("contains signatures of URLs only in the field `secret`, and no content of a listed input", () => {
  const address = `https://someone:password@x.test/a.jpg?${signedBy("0a1b")}`;
  const data = { metadata: { place: "quay" }, image: { url: address, hosted: { prefix: "https://h.test" } } };
  const listed = { app: "me/main", id: "a", data };
  const text = encodeReference({ ...plain, image: { url: address } }, url, 10_000, undefined, listed);
  const { secret, ...rest } = JSON.parse(text);
  expect(secret).toEqual({ image: { url: address } });
  expect(JSON.stringify(rest)).not.toMatch(/password|0a1b|hosted/);
  expect(rest.listed.data).toEqual({ metadata: { place: "quay" } });
  expect(decoded(text).input.image).toEqual({ url: address });
});
