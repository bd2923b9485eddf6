/** The contract of an opener, as a test suite. */

import { describe, expect, it } from "vitest";
import type { Opener } from "../core/content/openers.js";
import { within } from "./fixture-source.js";

/** What `testOpener` needs. */
export interface OpenerFixture {
  opener: Opener;
  /** Names a content of at least three bytes. */
  uri: string;
  /** The bytes of that content. */
  bytes: Uint8Array;
  /** Its version, if the opener checks versions. */
  version?: string;
  /** Names a content that does not exist. */
  missingUri: string;
  /** Whether everything that the opener opened is closed. Default: not checked. */
  isClosed?: () => boolean | Promise<boolean>;
}

/**
 * Tests the contract of an opener: it yields the same bytes each time it is called, and any part of them; it closes what it opened when nobody reads on; it ends
 * when its signal aborts; it rejects for a content that does not exist. If it has `mapPath`, that finds the path of a file. Calls `create` in each test.
 *
 * @example
 * const stored = new Map([["memory:a", Buffer.from("abc")]]);
 * const opener = defineOpener({
 *   name: "memory",
 *   scheme: "memory",
 *   async *open(uri, { offset, length }) {
 *     const bytes = stored.get(uri);
 *     if (!bytes) throw new Error(`memory: ${uri} does not exist`);
 *     yield bytes.subarray(offset, offset + length);
 *   },
 * });
 * testOpener("memory", async () => ({ opener, uri: "memory:a", bytes: Buffer.from("abc"), missingUri: "memory:none" }));
 */
export function testOpener(name: string, create: () => Promise<OpenerFixture>): void {
  describe(`${name} as an opener`, () => {
    it("yields all bytes each time it is called", async () => {
      const fixture = await create();
      const all = { offset: 0, length: fixture.bytes.length };
      for (const time of ["first", "second"]) {
        const text = `${name}: it must yield all bytes; each call of open must start anew (${time} call)`;
        expect(hex(await bytesOf(name, fixture, all)), text).toBe(hex(fixture.bytes));
      }
    });

    it("yields any part", async () => {
      const fixture = await create();
      const { length } = fixture.bytes;
      for (const [offset, count] of [
        [0, 1],
        [1, 1],
        [1, length - 1],
        [length - 1, 1],
      ] as const) {
        const text = `${name}: it must yield exactly ${count} bytes from ${offset}`;
        const expected = hex(fixture.bytes.subarray(offset, offset + count));
        expect(hex(await bytesOf(name, fixture, { offset, length: count })), text).toBe(expected);
      }
    });

    it("closes when nobody reads on", async () => {
      const fixture = await create();
      const chunks = await opened(fixture, { offset: 0, length: fixture.bytes.length });
      await within(chunks.next(), `${name}: it does not yield its first chunk`);
      await within(Promise.resolve(chunks.return?.()), `${name}: it does not end when it is stopped`);
      if (fixture.isClosed) expect(await fixture.isClosed(), `${name}: it must close in finally`).toBe(true);
    });

    it("ends when its signal aborts", async () => {
      const fixture = await create();
      const signal = AbortSignal.abort(new Error("stopped"));
      const reading = bytesOf(name, fixture, { offset: 0, length: fixture.bytes.length }, signal).catch(
        () => undefined,
      );
      await within(reading, `${name}: it still waits after its signal aborted`);
      if (fixture.isClosed) expect(await fixture.isClosed(), `${name}: it must close in finally`).toBe(true);
    });

    it("rejects for a content that does not exist", async () => {
      const fixture = await create();
      const missing = { ...fixture, uri: fixture.missingUri };
      const error = await bytesOf(name, missing, { offset: 0, length: 1 }).catch((reason: unknown) => reason);
      expect(error, `${name}: it must throw an Error for ${fixture.missingUri}`).toBeInstanceOf(Error);
    });

    it("finds the path of a local file", async () => {
      const { opener, uri } = await create();
      if (!opener.mapPath) return;
      const paths: string[] = [];
      const kept = opener.mapPath(uri, (path) => {
        paths.push(path);
        return path;
      });
      expect(paths, `${name}: mapPath must call map with the path in ${uri}, once`).toHaveLength(1);
      expect(kept, `${name}: mapPath must return the same URI for the same path`).toBe(uri);
      const [moved] = [opener.mapPath(uri, () => "/elsewhere/a b#c?d%é")];
      expect(
        opener.mapPath(moved, (path) => `${path}!`),
        `${name}: mapPath must encode any path`,
      ).not.toBe(moved);
      opener.mapPath(moved, (path) => {
        expect(path, `${name}: mapPath must decode the path that it encoded`).toBe("/elsewhere/a b#c?d%é");
        return path;
      });
    });
  });
}

interface Part {
  offset: number;
  length: number;
}

async function opened({ opener, uri, version }: OpenerFixture, part: Part, signal?: AbortSignal) {
  const chunks = await opener.open(uri, { ...part, version, signal });
  return chunks[Symbol.asyncIterator]();
}

async function bytesOf(name: string, fixture: OpenerFixture, part: Part, signal?: AbortSignal): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const iterator = await within(opened(fixture, part, signal), `${name}: open does not return`);
  for (;;) {
    const next = await within(iterator.next(), `${name}: it neither yields nor ends`);
    if (next.done) return Buffer.concat(chunks);
    chunks.push(Buffer.from(next.value)); // a copy: it may reuse its memory
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
