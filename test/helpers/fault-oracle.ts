/** The oracle of the fault matrix: compares the stored inputs and files with the reported outcomes and the requested work. */

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { StoredInput } from "../../src/emulator/index.js";
import type { JournalRecord, Report } from "../../src/index.js";
import { bystanders, type Stage } from "./fault-scenarios.js";
import { type ContentKind, smallContent } from "./small-contents.js";

/** Violations, one text each. */
export interface Findings {
  /** Reported as finished, but not stored. */
  lost: string[];
  duplicated: string[];
  corrupted: string[];
  /** Deleted without a request for it. */
  deleted: string[];
  /** All other violations. */
  wrong: string[];
  /** Values that were added to a list twice after an unknown outcome. */
  unknown: string[];
}

export const noFindings = (): Findings => ({
  lost: [],
  duplicated: [],
  corrupted: [],
  deleted: [],
  wrong: [],
  unknown: [],
});

/** Codes of failures whose outcome is unknown: the server may have done the work. */
const unknownOutcome =
  /^(ERR_ANSWER_|ERR_NOT_THE_API$|ERR_SERVER_|ERR_HTTP_|ERR_DOWNLOAD_|ERR_WAIT_TOO_LONG$|11005$|98|99)/;

/** The content of the store, read without the client. */
interface Facts {
  inputs: Map<string, StoredInput & { text: string | undefined }>;
  annotations: { id: string; inputId: string; json: string }[];
  concepts: Map<string, string>;
  /** Members of the datasets. */
  members: Readonly<Record<"old" | "new", ReadonlySet<string>>>;
  /** Values of concepts by input and concept. */
  values: ReadonlyMap<string, ReadonlyMap<string, number>>;
  gone: ReadonlyMap<string, number>;
}

/** The reported outcomes: the last one of each input, and the inputs that ever failed with an unknown outcome. */
export interface Outcomes {
  last: ReadonlyMap<string, JournalRecord>;
  unknown: ReadonlySet<string>;
}

export function outcomesIn(records: readonly JournalRecord[]): Outcomes {
  const isUnknown = (record: JournalRecord) => record.state === "failed" && unknownOutcome.test(record.code);
  return {
    last: new Map(records.map((record) => [record.id ?? "", record])),
    unknown: new Set(records.filter(isUnknown).map(({ id }) => id ?? "")),
  };
}

/** Judges the store and the files after a run. `last`: the run had no faults, so it must have finished every input. */
export async function judge(
  stage: Stage,
  outcomes: Outcomes,
  findings: Findings,
  report: Report | undefined,
  last = false,
): Promise<void> {
  const facts = await factsOf(stage);
  const { verb, trouble } = stage.scenario;
  if (report) {
    const { read, ok, failed, skipped, pending } = report.counts;
    if (read !== ok + failed + skipped + pending) findings.wrong.push(`the report does not close: ${report.summary()}`);
    if (last && read !== stage.inputs.length) findings.wrong.push(`read ${read} of ${stage.inputs.length}`);
  }
  judgeStore(stage, facts, findings);
  if (verb === "addAnnotations") judgeAnnotations(stage, facts, findings);
  for (const [n, input] of stage.inputs.entries()) {
    const id = input.id as string;
    const outcome = outcomes.last.get(id);
    if (!outcome) {
      findings.wrong.push(`${id} has no outcome`);
      continue;
    }
    if (verb.startsWith("upload")) judgeUpload(stage, n, outcome, facts, findings);
    else if (verb === "download") judgeDownload(stage, n, outcome, findings);
    else judgeChange(stage, n, outcome, facts, findings, outcomes.unknown.has(id));
    const isDone = outcome.state === "ok" || outcome.state === "skipped";
    const mayStay = outcome.state === "pending" && /never|slow|mix/.test(trouble);
    if (last && !isDone && !mayStay && !isFinal(stage, n, outcome)) {
      findings.wrong.push(`${id} was not finished: ${JSON.stringify(outcome)}`);
    }
  }
}

/** Whether a failure is correct and no retry can change it. */
function isFinal({ scenario, inputs }: Stage, n: number, outcome: JournalRecord): boolean {
  if (outcome.state !== "failed") return false;
  const { verb } = scenario;
  if (inputs[n]?.id === "none") return ["30102", "11101"].includes(outcome.code);
  if (outcome.code === "ERR_FAILED_THERE") return verb.startsWith("upload");
  return outcome.code === "ERR_ID_TAKEN" && ((verb === "upload (skip)" && n === 1) || verb === "upload (error)");
}

/** Judges what holds for every verb: the store has no unknown inputs, the bystanders are unchanged, and no input was stored or deleted wrongly. */
function judgeStore(stage: Stage, { inputs, gone }: Facts, findings: Findings): void {
  const { verb, kind, trouble } = stage.scenario;
  const { storedBefore } = stage;
  for (const [n, id] of bystanders.entries()) {
    const found = inputs.get(id);
    if (!found) findings.deleted.push(`the bystander ${id}`);
    else if (found.timesStored !== storedBefore.get(id) || !has(found, kind, 100 + n))
      findings.corrupted.push(`the bystander ${id}`);
    else if (!isDeepStrictEqual(tagsOf(found), ["base"])) findings.wrong.push(`the bystander ${id} was changed`);
  }
  const known = /^(b\d|i\d(-\d)?)$/;
  for (const found of inputs.values()) {
    if (!known.test(found.id)) findings.wrong.push(`${found.id} is stored, but the source has no such input`);
    if (!verb.startsWith("upload") && found.timesStored !== storedBefore.get(found.id))
      findings.duplicated.push(`${found.id} was stored again`);
  }
  for (const id of gone.keys()) {
    const n = Number(id.slice(1, 2));
    const mayReplace = verb === "upload (replace)" && n === 1;
    const mayRemoveFailed = verb.startsWith("upload") && n > 0 && /processing|mix/.test(trouble);
    if (verb !== "remove" && !mayReplace && !mayRemoveFailed) findings.deleted.push(`${id} is gone`);
  }
}

/** Judges that no annotation was added twice, and that the others are unchanged. */
function judgeAnnotations({ inputs }: Stage, { annotations }: Facts, findings: Findings): void {
  for (const [n, { id }] of inputs.entries()) {
    const own = annotations.filter(({ inputId, json }) => inputId === id && !json.includes('"input_level":true'));
    for (const concept of ["buoy", "pier", "boat"]) {
      const count = own.filter(({ json }) => json.includes(`"id":"${concept}"`)).length;
      if (count > 1) findings.duplicated.push(`${id} has ${count} annotations of ${concept}`);
      if (concept === "boat" && count === 0 && id !== "none") findings.deleted.push(`the annotation x${n} of ${id}`);
    }
  }
}

function judgeUpload(stage: Stage, n: number, outcome: JournalRecord, { inputs }: Facts, findings: Findings): void {
  const { verb, kind, trouble } = stage.scenario;
  const id = `i${n}`;
  const named = [...inputs.values()].filter((found) => found.id === id || found.id.startsWith(`${id}-`));
  const mine = named.filter((found) => has(found, kind, n));
  const processed = mine.filter(({ statusCode }) => statusCode === 30000);
  const others = named.filter((found) => !has(found, kind, n) && !(n === 1 && has(found, kind, 50)));
  // Content that the server fetches has no bytes before it is processed.
  for (const found of others) if (found.statusCode === 30000) findings.corrupted.push(`${found.id} has other bytes`);
  // If a request for another id is carried out twice, the server makes two ids, and the client learns only one.
  const isUnseen = verb === "upload (suffix)" && /twice/.test(trouble);
  if (mine.length > 1) findings[isUnseen ? "unknown" : "duplicated"].push(`${id} is stored ${mine.length} times`);
  for (const found of mine) {
    const most = (stage.storedBefore.get(found.id) ?? 0) + (/processing|mix/.test(trouble) || kind === "url" ? 9 : 1);
    if (found.timesStored > most) findings.duplicated.push(`${found.id} was stored ${found.timesStored} times`);
    if ((found.metadata as { n?: unknown }).n !== n) findings.corrupted.push(`${found.id} has other metadata`);
  }
  const old = n === 1 && named.some((found) => has(found, kind, 50));
  // The stored input is deleted first. If the new content then cannot be processed, neither exists.
  const mayLack =
    verb === "upload (replace)" &&
    (/processing|mix/.test(trouble) ||
      processed.length > 0 ||
      outcome.state !== "failed" ||
      unknownOutcome.test(outcome.code));
  if (n === 1 && !old && !mayLack) findings.deleted.push(`the stored input ${id}`);
  if ((outcome.state === "ok" || outcome.state === "skipped") && processed.length === 0) {
    findings.lost.push(`${id} is ${outcome.state}, but not stored`);
  }
  const isConflict = verb === "upload (error)" && outcome.state === "failed" && outcome.code === "ERR_ID_TAKEN";
  if (outcome.state === "failed" && processed.length > 0 && !isConflict) {
    const isExplained =
      unknownOutcome.test(outcome.code) || /^uploaded, but/.test(outcome.reason) || /twice|mix/.test(trouble);
    if (!isExplained) findings.wrong.push(`${id} is stored, but failed: ${outcome.code} ${outcome.reason}`);
  }
}

function judgeDownload({ scenario, out }: Stage, n: number, outcome: JournalRecord, findings: Findings): void {
  const id = `i${n}`;
  const names = existsSync(out)
    ? readdirSync(out).filter((name) => name.startsWith(`${id}.`) && !name.endsWith(".part"))
    : [];
  const expected = smallContent(scenario.kind, n);
  for (const name of names) if (!readFileSync(join(out, name)).equals(expected)) findings.corrupted.push(name);
  if (names.length > 1) findings.duplicated.push(`${id}: ${names.join(", ")}`);
  if ((outcome.state === "ok" || outcome.state === "skipped") && names.length === 0) findings.lost.push(id);
}

function judgeChange(
  stage: Stage,
  n: number,
  outcome: JournalRecord,
  facts: Facts,
  findings: Findings,
  wasUnknown: boolean,
): void {
  const { verb, kind } = stage.scenario;
  const id = stage.inputs[n]?.id as string;
  const found = facts.inputs.get(id);
  if (found && !has(found, kind, n)) findings.corrupted.push(`${id} has other bytes`);
  if (!found && id !== "none" && verb !== "remove") findings.deleted.push(id);
  const isDuplicated = tagsOf(found).length > 2;
  if (isDuplicated) findings[wasUnknown ? "unknown" : "duplicated"].push(`${id} has the tags ${tagsOf(found).join()}`);
  if (isDuplicated) return;
  const [done, undone] = changeOf(stage, n, facts);
  // An input whose annotations all exist is skipped.
  const isFinished = outcome.state === "ok" || (outcome.state === "skipped" && verb === "addAnnotations");
  if (isFinished && !done) findings.lost.push(`${id} is ${outcome.state}, but unchanged`);
  const isPartly = outcome.state === "failed" && /^annotation: /.test(outcome.reason);
  if (outcome.state === "failed" && !undone && !isPartly && !unknownOutcome.test(outcome.code)) {
    findings.wrong.push(`${id} is changed, but failed: ${outcome.code} ${outcome.reason}`);
  }
}

/** Whether the change of an input was made, and whether it was not. */
function changeOf({ scenario, inputs }: Stage, n: number, facts: Facts): [done: boolean, undone: boolean] {
  const id = inputs[n]?.id as string;
  const metadata = (facts.inputs.get(id)?.metadata ?? {}) as Record<string, unknown>;
  const annotation = facts.annotations.find((candidate) => candidate.inputId === id && candidate.id === `x${n}`)?.json;
  if (id === "none") return [false, true];
  switch (scenario.verb) {
    case "patch (merge)": {
      const isMerged =
        metadata.patched === n && isDeepStrictEqual(metadata.tags, ["base", `t${n}`]) && metadata.old === 1;
      return [isMerged && annotation?.includes("0.9") === true, metadata.patched === undefined];
    }
    case "patch (overwrite)":
      return [isDeepStrictEqual(metadata, { patched: n }), metadata.old === 1];
    case "patch (remove)":
      return [!("old" in metadata) && metadata.n === n && annotation === undefined, metadata.old === 1];
    case "patchConcepts":
      return [facts.concepts.get(`c${n}`) === `name ${n}`, facts.concepts.get(`c${n}`) === `c${n}`];
    case "addToDataset":
      return [facts.members.new.has(id), !facts.members.new.has(id)];
    case "removeFromDataset":
      return [!facts.members.old.has(id), facts.members.old.has(id)];
    case "addAnnotations": {
      const added = facts.annotations.filter(({ inputId, json }) => inputId === id && /"buoy"|"pier"/.test(json));
      return [added.length === 2 && annotation !== undefined, added.length < 2];
    }
    case "patchAnnotations":
      return [annotation?.includes('"code":24158') === true, annotation?.includes('"code":24150') === true];
    case "concept values": {
      const value = facts.values.get(id)?.get(`c${n}`);
      return [value === 0.25, value === 1];
    }
    case "removeAnnotations":
      return [annotation === undefined, annotation !== undefined];
    default:
      return [!facts.inputs.has(id), facts.inputs.has(id)];
  }
}

async function factsOf({ store }: Stage): Promise<Facts> {
  const get = async (path: string) => {
    const headers = { authorization: "Key any" };
    const response = await fetch(`${store.url}/v2/users/me/apps/main/${path}?per_page=1000`, { headers });
    return (await response.json()) as Record<string, Record<string, unknown>[]>;
  };
  const [listed, annotations, concepts] = await Promise.all([get("inputs"), get("annotations"), get("concepts")]);
  const membersOf = async (dataset: string) => {
    const { dataset_inputs: found = [] } = await get(`datasets/${dataset}/inputs`);
    return new Set(found.map(({ input }) => String((input as { id?: unknown }).id)));
  };
  const texts = new Map(
    (listed.inputs ?? []).map((input) => [input.id, (input.data as { text?: { raw?: string } }).text?.raw]),
  );
  return {
    inputs: new Map(store.stored().map((input) => [input.id, { ...input, text: texts.get(input.id) }])),
    annotations: (annotations.annotations ?? []).map((annotation) => ({
      id: String(annotation.id),
      inputId: String(annotation.input_id),
      json: JSON.stringify(annotation),
    })),
    values: new Map(
      (listed.inputs ?? []).map((input) => {
        const { concepts: all = [] } = input.data as { concepts?: { id: string; value: number }[] };
        return [String(input.id), new Map(all.map(({ id, value }) => [id, value]))];
      }),
    ),
    concepts: new Map((concepts.concepts ?? []).map(({ id, name }) => [String(id), String(name)])),
    members: { old: await membersOf("old"), new: await membersOf("new") },
    gone: new Map(store.deleted().map(({ id, timesStored }) => [id, timesStored])),
  };
}

function has(found: { sha256: string | null; text: string | undefined }, kind: ContentKind, n: number): boolean {
  const content = smallContent(kind, n);
  if (kind === "text") return found.text === content.toString();
  return found.sha256 === createHash("sha256").update(content).digest("hex");
}

function tagsOf(found: StoredInput | undefined): string[] {
  return (found?.metadata as { tags?: string[] } | undefined)?.tags ?? [];
}
