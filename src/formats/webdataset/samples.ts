/** Samples of a shard: neighbouring entries whose names are equal up to the first dot. */

import type { ReadableContent } from "../../core/input/input.js";
import { type ArchiveEntry, pathOfEntry } from "../archive/entry.js";
import { sidecarByName } from "../files/sidecars.js";

/** A file of a sample. */
export interface Member {
  /** What follows the first dot of the name, in lower case: `jpg`, `seg.png`. */
  extension: string;
  name: string;
  content: ReadableContent;
}

/** The files that share a key. */
export interface Sample {
  /** The folder and the name up to the first dot. */
  key: string;
  members: Member[];
}

export type SampleOrOther = Sample | { name: string; skipped: string } | { name: string; error: Error };

/** Groups the entries of a shard. What belongs to no sample comes with its reason. */
export async function* samplesOf(entries: AsyncIterable<ArchiveEntry>): AsyncGenerator<SampleOrOther, void> {
  let sample: Sample | undefined;
  for await (const entry of entries) {
    const { name } = entry;
    if (!("content" in entry)) {
      yield entry;
      continue;
    }
    const reason = reasonToSkip(name);
    if (reason !== undefined) {
      yield { name, skipped: reason };
      continue;
    }
    const { key, extension } = partsOf(name);
    if (sample && sample.key !== key) {
      yield sample;
      sample = undefined;
    }
    sample ??= { key, members: [] };
    sample.members.push({ extension, name, content: entry.content });
  }
  if (sample) yield sample;
}

function reasonToSkip(name: string): string | undefined {
  const parts = pathOfEntry(name).split("/");
  const last = parts.at(-1) ?? "";
  if (parts[0] === "__MACOSX") return "system file";
  return sidecarByName(last) ?? (last.indexOf(".") < 1 ? "no sample: its name has no key and extension" : undefined);
}

function partsOf(name: string): { key: string; extension: string } {
  const start = name.lastIndexOf("/") + 1;
  const dot = name.indexOf(".", start);
  return { key: name.slice(0, dot), extension: name.slice(dot + 1).toLowerCase() };
}
