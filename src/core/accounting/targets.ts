/** Targets: what the sinks of a flow write to. Reports name them, and a journal holds for them alone. */

import { resolve } from "node:path";

/** What one sink writes to. */
export interface Target {
  /** What the sink does, with its preposition: `upload to`, `patch (merge) in`. */
  action: string;
  /** The target for people, without credentials: `me/photos at https://api.example.com`. */
  name: string;
  /** Address of a server, with its port unless the scheme implies it. */
  url?: string | undefined;
  /** A file or folder on this disk, absolute: of a download, of a file of lines, of an emulator in this process. */
  path?: string | undefined;
  /** Returns what a journal knows the target by, where its name may later mean another one. Default: the name. */
  identity?: (() => Promise<string>) | undefined;
}

/** One target in a report: which sink writes to it, and where it is. */
export interface ReportedTarget {
  /** Name of the sink. */
  sink: string;
  action: string;
  name: string;
  url?: string | undefined;
  path?: string | undefined;
  /** Datasets that inputs joined, in order of appearance; the first 20. */
  datasets?: string[] | undefined;
}

/** The targets of a flow as its journal knows them, and as people do. */
export interface JournalTargets {
  readonly ids: readonly string[];
  readonly names: readonly string[];
}

/** A target, and the sink that it belongs to. */
export interface SinkTarget extends Target {
  sink: string;
}

/** Asks each target for its identity, before anything is read. */
export async function journalTargets(targets: readonly SinkTarget[]): Promise<JournalTargets> {
  const ids: string[] = [];
  const names: string[] = [];
  for (const { action, name, identity } of targets) {
    ids.push(textOf(action, (await identity?.()) ?? name));
    names.push(textOf(action, name));
  }
  return { ids, names };
}

/** A file or folder of this disk as a target. */
export function diskTarget(action: string, path: string): Target {
  const full = resolve(path);
  return { action, name: full, path: full };
}

/** What a sink does and to what, as one line: `upload to me/photos at https://api.example.com`. */
export function textOf(action: string, name: string): string {
  return name === "" ? action : `${action} ${name}`;
}
