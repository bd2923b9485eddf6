/** Targets: where the sinks of a flow write to. Reports name them, and a journal is valid for its targets only. */

import { resolve } from "node:path";

/** The target of one sink. */
export interface Target {
  /** Verb of the sink with its preposition: `upload to`, `patch (merge) in`. */
  action: string;
  /** Name of the target for people, without credentials: `me/photos at https://api.example.com`. */
  name: string;
  /** URL of a server, with its port unless the scheme implies it. */
  url?: string | undefined;
  /** Absolute path of a local file or folder: of a download, a JSON Lines file, or an emulator in this process. */
  path?: string | undefined;
  /** Returns the wire that carried the inputs, and why if that needs a word; it is known when the run ends. */
  wire?: (() => { wire: string; note?: string | undefined }) | undefined;
  /** Returns the identity of the target in a journal, if its name may later belong to another target. Default: the name. */
  identity?: (() => Promise<string>) | undefined;
}

/** One target in a report, with the sink that writes to it. */
export interface ReportedTarget {
  /** Name of the sink. */
  sink: string;
  action: string;
  name: string;
  url?: string | undefined;
  path?: string | undefined;
  /** The wire that carried the inputs of an upload: `grpc` or `rest`. */
  wire?: string | undefined;
  /** Why an upload used another wire than the preferred one. */
  note?: string | undefined;
  /** Datasets that inputs joined, in order of appearance; the first 20. */
  datasets?: string[] | undefined;
}

/** Inputs of a server's job, by state. */
export interface JobCounts {
  pending: number;
  inProgress: number;
  succeeded: number;
  failed: number;
}

/** A job of a server that did work for a sink, as the run last saw it. */
export interface ReportedJob {
  /** Name of the sink. */
  sink: string;
  /** Kind of the job on the server: `add inputs`. */
  kind: string;
  /** Id of the job on the server. */
  id: string;
  /** `accepted`: the run sent inputs under the job and did not ask for its state. */
  state: "accepted" | "queued" | "running" | "paused" | "done" | "failed" | "cancelled";
  /** Undefined if the run did not ask for them. */
  counts?: JobCounts | undefined;
}

/** Identities of a flow's targets for its journal, and their names for people. */
export interface JournalTargets {
  readonly ids: readonly string[];
  readonly names: readonly string[];
  /** The share of the sources that the flow reads, such as `3/8`. */
  readonly shard?: string | undefined;
}

/** A target with the name of its sink. */
export interface SinkTarget extends Target {
  sink: string;
}

/** Determines the identity of each target. */
export async function journalTargets(
  targets: readonly SinkTarget[],
  shard?: string | undefined,
): Promise<JournalTargets> {
  const ids: string[] = [];
  const names: string[] = [];
  for (const { action, name, identity } of targets) {
    ids.push(textOf(action, (await identity?.()) ?? name));
    names.push(textOf(action, name));
  }
  return { ids, names, shard };
}

/** Makes the target of a local file or folder. */
export function diskTarget(action: string, path: string): Target {
  const full = resolve(path);
  return { action, name: full, path: full };
}

/** Formats verb and target as one line: `upload to me/photos at https://api.example.com`. */
export function textOf(action: string, name: string): string {
  return name === "" ? action : `${action} ${name}`;
}
