/** Watching: scans a folder repeatedly, and finds files that were added or changed and are completely written. */

import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "../../core/errors.js";
import type { SourceItem } from "../../core/plugin/source.js";
import { DigestSet, digestOfKey } from "../../core/util/digest-set.js";
import type { FoundFile } from "../../formats/files/file-item.js";
import { stateOfSidecars } from "../../formats/files/pairs.js";
import { type Found, findFiles, type Walk } from "../../formats/files/walk.js";

export interface WatchOptions {
  signal: AbortSignal;
  idle: (waitsFor: string) => void;
  everyMs: number;
  quietMs: number;
}

type MakeItem = (file: FoundFile) => SourceItem | Promise<SourceItem>;

/** A file that was found and has no item yet. */
interface Waiting {
  file: FoundFile;
  version: string;
  sinceMs: number;
}

/** Longest time for which a scan blocks the event loop. */
const sliceMs = 4;
/** A pause is this many times as long as the scan before it, up to a limit at which people would expect a result. */
const pauseFactor = 9;
const maxPauseMs = 30_000;
/** While a folder cannot be read, known files stay known, unless they are this many more than the existing files. */
const maxForgotten = 100_000;

/**
 * Yields the files of a folder, then new and changed files; ends when it is stopped. Files with an item are remembered by digests of name, size and time,
 * which takes 16 to 32 bytes for each. Names are remembered only for files that are not completely written.
 *
 * In the first scan, a file is complete if it was last written `quietMs` ago. In later scans, a file is always checked twice, since the clocks of file
 * servers may be wrong.
 */
export async function* watchFolder(
  context: Walk,
  options: WatchOptions,
  makeItem: MakeItem,
): AsyncGenerator<SourceItem> {
  const { signal, everyMs, quietMs } = options;
  let known = new DigestSet();
  let waiting = new Map<string, Waiting>();
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    const existing = new DigestSet();
    const stillWaiting = new Map<string, Waiting>();
    const isNew = (digest: string) => {
      existing.add(digest);
      return known.add(digest);
    };
    let isComplete = true;
    let workedMs = 0;
    let sliceStart = performance.now();
    const yieldToOthers = async () => {
      workedMs += performance.now() - sliceStart;
      await new Promise<void>((resolve) => setImmediate(resolve));
      sliceStart = performance.now();
    };
    for (const found of isFirst ? findFiles(context) : walkAgain(context)) {
      if (performance.now() - sliceStart > sliceMs) await yieldToOthers();
      if (signal.aborted) return;
      let make: (() => SourceItem | Promise<SourceItem>) | undefined;
      if ("item" in found) {
        if ("error" in found.item) isComplete = false;
        if (isNew(digestOfKey(labelOf(found.item)))) make = () => found.item;
      } else {
        const seen = versionOf(found);
        if (!seen) continue; // deleted in the meantime
        const digest = digestOfKey(seen.version);
        if (known.has(digest)) existing.add(digest);
        else if (isFirst && seen.ageMs >= quietMs) {
          isNew(digest);
          make = () => makeItem(found);
        } else stillWaiting.set(found.relative, waitingFor(found, seen.version, waiting.get(found.relative)));
      }
      if (!make) continue;
      workedMs += performance.now() - sliceStart; // excludes the time of the flow, which may wait long for capacity
      yield await make();
      sliceStart = performance.now();
    }
    workedMs += performance.now() - sliceStart;
    if (isComplete || known.size > 2 * existing.size + maxForgotten) known = existing;
    waiting = stillWaiting;

    const againAt = performance.now() + Math.max(everyMs, Math.min(workedMs * pauseFactor, maxPauseMs));
    yield* completed(context, waiting, known, againAt, options, makeItem);
  }
}

/** Until the next scan, yields the items of waiting files that have not changed for `quietMs`. */
async function* completed(
  context: Walk,
  waiting: Map<string, Waiting>,
  known: DigestSet,
  againAt: number,
  { signal, idle, quietMs }: WatchOptions,
  makeItem: MakeItem,
): AsyncGenerator<SourceItem> {
  for (;;) {
    for (const [name, entry] of waiting) {
      if (performance.now() - entry.sinceMs < quietMs) continue;
      const version = versionOf(entry.file)?.version;
      if (version === entry.version) {
        waiting.delete(name);
        known.add(digestOfKey(version));
        yield await makeItem(entry.file);
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

/** Scans again. A folder that cannot be read ends the run at the first scan; later it is reported, and scanned again. */
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

/** Returns a text that changes with the file, and the time since it was written or moved; undefined if the file does not exist. */
function versionOf({ path, relative, sidecars }: FoundFile): { version: string; ageMs: number } | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) return undefined;
    const ageMs = Date.now() - Math.max(found.mtimeMs, found.ctimeMs);
    const pair = sidecars ? stateOfSidecars(sidecars) : "";
    return { version: `${relative}\n${found.size}\n${found.mtimeMs}${pair}`, ageMs };
  } catch (error) {
    return { version: `${relative}\n${codeOf(error, "")}`, ageMs: Number.POSITIVE_INFINITY }; // opening the file reports the error
  }
}

/** Keeps the waiting time of an unchanged file, and starts it again for a changed one. */
function waitingFor(file: FoundFile, version: string, before: Waiting | undefined): Waiting {
  return before?.version === version ? before : { file, version, sinceMs: performance.now() };
}

/** Returns a text for a skipped or unreadable file, so that it is reported once. */
function labelOf(item: SourceItem): string {
  return `${item.origin}\n${"skipped" in item ? item.skipped : "error" in item ? item.error.message : ""}`;
}

function waitText(root: string, count: number): string {
  if (count === 0) return `for new files in ${root}`;
  return `for ${count === 1 ? "a file" : `${count} files`} in ${root} to be completely written`;
}
