/** Watching: looks at a folder again and again, and finds what was added or changed and is written to its end. */

import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "../../core/errors.js";
import type { SourceItem } from "../../core/plugin/source.js";
import { DigestSet, fingerprintOfKey } from "../../core/util/digest-set.js";
import { type Found, type FoundFile, findFiles, type Walk } from "./walk.js";

export interface WatchOptions {
  signal: AbortSignal;
  idle: (waitsFor: string) => void;
  everyMs: number;
  quietMs: number;
}

type Take = (file: FoundFile) => SourceItem | Promise<SourceItem>;

/** A file that was seen and is not taken yet. */
interface Waiting {
  file: FoundFile;
  version: string;
  sinceMs: number;
}

/** Longest time for which a look keeps everything else waiting. */
const sliceMs = 4;
/** Pauses are so many times as long as the looks between them, up to a length at which people begin to wonder. */
const pauseFactor = 9;
const maxPauseMs = 30_000;
/** What was known is kept while a folder cannot be read, and forgotten when it is this much more than what is there. */
const maxForgotten = 100_000;

/**
 * Yields what is in the folder, then what comes; ends when it is stopped. What was taken is known by the digests of name, size and time, some 16 to 32
 * bytes for each file that is there; names are kept only of files that are waited for.
 *
 * At the first look a file is taken when it was last written `quietMs` ago. Later ones are looked at twice in any case, since the clocks of
 * file servers go wrong.
 */
export async function* watchFolder(context: Walk, options: WatchOptions, take: Take): AsyncGenerator<SourceItem> {
  const { signal, everyMs, quietMs } = options;
  let known = new DigestSet();
  let waiting = new Map<string, Waiting>();
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    const there = new DigestSet();
    const stillWaiting = new Map<string, Waiting>();
    const isNew = (digest: string) => {
      there.add(digest);
      return known.add(digest);
    };
    let isWhole = true;
    let workedMs = 0;
    let sliceStart = performance.now();
    const rest = async () => {
      workedMs += performance.now() - sliceStart;
      await new Promise<void>((resolve) => setImmediate(resolve));
      sliceStart = performance.now();
    };
    for (const found of isFirst ? findFiles(context) : walkAgain(context)) {
      if (performance.now() - sliceStart > sliceMs) await rest();
      if (signal.aborted) return;
      let make: (() => SourceItem | Promise<SourceItem>) | undefined;
      if ("item" in found) {
        if ("error" in found.item) isWhole = false;
        if (isNew(fingerprintOfKey(labelOf(found.item)))) make = () => found.item;
      } else {
        const seen = versionOf(found);
        if (!seen) continue; // gone in between
        const digest = fingerprintOfKey(seen.version);
        if (known.has(digest)) there.add(digest);
        else if (isFirst && seen.ageMs >= quietMs) {
          isNew(digest);
          make = () => take(found);
        } else stillWaiting.set(found.relative, waitingFor(found, seen.version, waiting.get(found.relative)));
      }
      if (!make) continue;
      workedMs += performance.now() - sliceStart; // what follows is no part of a look, and the flow may have no room for a long time
      yield await make();
      sliceStart = performance.now();
    }
    workedMs += performance.now() - sliceStart;
    if (isWhole || known.size > 2 * there.size + maxForgotten) known = there;
    waiting = stillWaiting;

    const againAt = performance.now() + Math.max(everyMs, Math.min(workedMs * pauseFactor, maxPauseMs));
    yield* taken(context, waiting, known, againAt, options, take);
  }
}

/** Until the next look: takes what waited for its end and did not change meanwhile. */
async function* taken(
  context: Walk,
  waiting: Map<string, Waiting>,
  known: DigestSet,
  againAt: number,
  { signal, idle, quietMs }: WatchOptions,
  take: Take,
): AsyncGenerator<SourceItem> {
  for (;;) {
    for (const [name, entry] of waiting) {
      if (performance.now() - entry.sinceMs < quietMs) continue;
      const version = versionOf(entry.file)?.version;
      if (version === entry.version) {
        waiting.delete(name);
        known.add(fingerprintOfKey(version));
        yield await take(entry.file);
      } else if (version === undefined) waiting.delete(name);
      else waiting.set(name, waitingFor(entry.file, version, entry));
      if (signal.aborted) return;
    }
    if (isReadable(context)) idle(waitText(context.root, waiting.size));
    const now = performance.now();
    if (now >= againAt) return;
    const next = [...waiting.values()].reduce((at, { sinceMs }) => Math.min(at, sinceMs + quietMs), againAt);
    await sleep(Math.max(1, next - now), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
  }
}

/** A folder that cannot be read ends the run at the first look; later it is told of, and looked at again. */
function* walkAgain(context: Walk): Generator<Found> {
  try {
    yield* findFiles(context);
  } catch (error) {
    yield { item: { origin: context.root, error: error as Error } };
  }
}

function isReadable({ root }: Walk): boolean {
  return statSync(root, { throwIfNoEntry: false }) !== undefined;
}

/** What tells a file from what it was before, and how long ago it was written or moved; nothing when it is not there. */
function versionOf({ path, relative }: FoundFile): { version: string; ageMs: number } | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) return undefined;
    const ageMs = Date.now() - Math.max(found.mtimeMs, found.ctimeMs);
    return { version: `${relative}\n${found.size}\n${found.mtimeMs}`, ageMs };
  } catch (error) {
    return { version: `${relative}\n${codeOf(error, "")}`, ageMs: Number.POSITIVE_INFINITY }; // told when it is opened
  }
}

/** One that changed meanwhile waits anew. */
function waitingFor(file: FoundFile, version: string, before: Waiting | undefined): Waiting {
  return before?.version === version ? before : { file, version, sinceMs: performance.now() };
}

/** What was passed over is told once, and so is what cannot be read. */
function labelOf(item: SourceItem): string {
  return `${item.origin}\n${"skipped" in item ? item.skipped : "error" in item ? item.error.message : ""}`;
}

function waitText(root: string, count: number): string {
  if (count === 0) return `for new files in ${root}`;
  return `for ${count === 1 ? "a file" : `${count} files`} in ${root} to be written to the end`;
}
