/** One scenario of the fault matrix: a run with faults, then its dead letters and a resumed run without faults. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmulator } from "../../src/emulator/index.js";
import {
  type App,
  addAnnotations,
  addToDataset,
  batch,
  connect,
  deadLetters,
  download,
  type Flow,
  flow,
  fromIterable,
  type InputDraft,
  type JournalRecord,
  listInputs,
  type Message,
  patch,
  patchAnnotations,
  patchConcepts,
  type Report,
  type RunOptions,
  readJournal,
  remove,
  removeAnnotations,
  removeFromDataset,
  type Source,
  upload,
} from "../../src/index.js";
import { type Findings, judge, noFindings, type Outcomes, outcomesIn } from "./fault-oracle.js";
import {
  bystanders,
  grpcTroubleOf,
  inputCount,
  type Scenario,
  type Stage,
  troubleOf,
  type Verb,
} from "./fault-scenarios.js";
import { serveGrpc } from "./grpc-front.js";
import { type ContentKind, draftOf } from "./small-contents.js";

/** The matrix creates thousands of small stores, so they are kept in memory if the system has a folder for that. */
const parentFolder = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

export interface FaultRun extends Findings {
  faults: Readonly<Record<string, number>>;
  inputs: number;
}

/** Runs a scenario. `origin` is the server of its URLs. */
export async function runScenario(scenario: Scenario, origin: string): Promise<FaultRun> {
  const { rules, processingDelayMs } = troubleOf(scenario);
  const folder = mkdtempSync(join(parentFolder, "sluice-faults-"));
  const store = await startEmulator({
    data: join(folder, "store"),
    processingDelayMs: processingDelayMs ?? 5,
    seed: scenario.seed,
    strict: true,
    ...(scenario.wire === "grpc" ? { grpcPort: 0 } : {}),
  });
  const trouble = grpcTroubleOf(scenario);
  const front = trouble && (await serveGrpc({ target: store.url }));
  const wire = scenario.wire === "grpc" ? { wire: scenario.wire, grpcUrl: front?.url ?? store.grpcUrl } : {};
  const app = await connect({ baseUrl: store.url, pat: "any", ...wire });
  const impatient = await connect({ baseUrl: store.url, pat: "any", timeoutMs: 250, retryForMs: 1500, ...wire });
  try {
    const out = join(folder, "out");
    const stage: Stage = { scenario, store, app, folder, out, origin, inputs: [], storedBefore: new Map() };
    await prepare(stage);
    const findings = noFindings();
    await firstAnswer(impatient);
    for (const rule of rules) store.faults.add(rule);
    if (front) front.trouble = trouble;
    const [journal, letters] = [join(folder, "a.journal"), join(folder, "failed.jsonl")];
    const options: RunOptions = {
      journal,
      deadLetters: letters,
      handleSignals: false,
      stallMs: 20_000,
      onStall: stalled(findings),
    };
    const through = (source: Source, app?: App) => sinkOf(scenario.verb, stage, app)(flow(source)).run(options);

    const report = await orRejected(through(fromIterable(stage.inputs), impatient), findings);
    store.faults.clear();
    if (front) front.trouble = undefined;
    await settled(stage);
    await judge(stage, await outcomesOf(journal), findings, report);

    const replayed = await orRejected(through(deadLetters(letters)), findings);
    await judge(stage, await outcomesOf(journal), findings, replayed);
    const resumed = await orRejected(through(fromIterable(stage.inputs)), findings);
    await settled(stage);
    await judge(stage, await outcomesOf(journal), findings, resumed, true);
    const faults = { ...store.faults.happenedByType, ...front?.happened };
    return { ...findings, faults, inputs: stage.inputs.length };
  } finally {
    await app.close();
    await impatient.close();
    await front?.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Waits until a server has answered. A run whose first request has no answer rejects, which another test covers. */
async function firstAnswer(app: App): Promise<void> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      await app.transport.storeOfServer();
      return;
    } catch (error) {
      if (attempts === 20) throw error; // the machine is too busy
    }
  }
}

/** Fills the store with the inputs that the verb needs, before any fault. */
async function prepare(stage: Stage): Promise<void> {
  const { scenario, app, origin } = stage;
  const { verb, kind } = scenario;
  const others = bystanders.map((id, n) => ({ ...stored(kind, 100 + n, origin), id }));
  const datasets = verb.endsWith("Dataset") ? ["old"] : [];
  const all = Array.from({ length: inputCount }, (_, n) => ({ ...stored(kind, n, origin), id: `i${n}`, datasets }));
  const uploads = verb.startsWith("upload");
  // For an upload, the ids of two inputs already exist: one with the same content, one with other content.
  const existing = uploads ? [all[0] as InputDraft, { ...stored(kind, 50, origin), id: "i1" }] : all;
  const report = await flow(fromIterable([...others, ...existing]))
    .pipe(batch(), upload(app))
    .run();
  if (report.counts.ok !== others.length + existing.length)
    throw new Error(`cannot prepare the store: ${report.summary()}`);
  stage.inputs = await inputsOf(stage, all);
  for (const { id, timesStored } of stage.store.stored()) stage.storedBefore.set(id, timesStored);
}

/** Makes the draft of a complete upload. */
function stored(kind: ContentKind, n: number, origin: string): InputDraft {
  return {
    ...draftOf(kind, n, origin),
    metadata: { n, tags: ["base"], old: 1 },
    concepts: [{ id: `c${n}` }],
    annotations: [{ id: `x${n}`, box: [0, 0, 0.5, 0.5], concepts: [{ id: "boat" }] }],
  };
}

async function inputsOf({ scenario, app }: Stage, all: readonly InputDraft[]): Promise<InputDraft[]> {
  const ids = all.map(({ id }) => id as string);
  switch (scenario.verb) {
    case "download":
      return (await flow(listInputs(app, { ids })).toArray()).sort((one, other) =>
        one.id < other.id ? -1 : 1,
      ) as InputDraft[];
    case "patch (merge)":
      return [...ids, "none"].map((id, n) => ({
        id,
        metadata: { patched: n, tags: [`t${n}`] },
        annotations: [{ id: `x${n}`, box: [0.1, 0.1, 0.9, 0.9], concepts: [{ id: "boat" }] }],
      }));
    case "patch (overwrite)":
      return [...ids, "none"].map((id, n) => ({ id, metadata: { patched: n } }));
    case "patch (remove)":
      return [...ids, "none"].map((id, n) => ({
        id,
        metadata: { old: true },
        annotations: [{ id: `x${n}`, box: [0, 0, 0.5, 0.5], concepts: [{ id: "boat" }] }],
      }));
    case "patchConcepts":
      return [...ids, "none"].map((id, n) => ({
        id,
        text: "-",
        concepts: [{ id: id === "none" ? id : `c${n}`, name: `name ${n}` }],
      }));
    case "addAnnotations":
      return [...ids, "none"].map((id, n) => ({
        id,
        annotations: [
          { id: `new${n}`, point: [0.25, 0.5], concepts: [{ id: "buoy" }] },
          { box: [0.5, 0.5, 1, 1], concepts: [{ id: "pier" }] },
        ],
      }));
    case "patchAnnotations":
      return [...ids, "none"].map((id, n) => ({ id, annotations: [{ id: `x${n}` }] }));
    case "concept values":
      return [...ids, "none"].map((id, n) => ({ id, concepts: [{ id: `c${n}`, value: 0.25 }] }));
    case "removeAnnotations":
      return ids.map((id, n) => ({ id, annotations: [{ id: `x${n}` }] }));
    case "addToDataset":
    case "removeFromDataset":
      return [...ids, "none"].map((id) => ({ id }));
    case "remove":
      return ids.map((id) => ({ id }));
    default:
      return [...all];
  }
}

/**
 * The operators of a verb. With an app of short time limits the operators have short limits, too. The runs after the faults have none of them: a busy
 * machine would exceed them.
 */
function sinkOf(verb: Verb, { app: patient, out }: Stage, impatient?: App): (inputs: Flow<Message>) => Flow<Message> {
  const app = impatient ?? patient;
  const limits = impatient && { retryForMs: 1500 };
  const batched = batch({ maxItems: 3 });
  const conflict = /upload \((\w+)\)/.exec(verb)?.[1] as "skip" | undefined;
  const action = /patch \((\w+)\)/.exec(verb)?.[1] as "merge" | undefined;
  if (conflict) {
    const processingTimeoutMs = impatient ? 400 : 2000; // some inputs are never processed
    return (inputs) => inputs.pipe(batched, upload(app, { conflict, processingTimeoutMs, ...limits }));
  }
  if (action) return (inputs) => inputs.pipe(batched, patch(app, { action, deleteIfEmpty: true }));
  switch (verb) {
    case "download":
      return (inputs) => inputs.pipe(download(out, { app, ...(impatient && { timeoutMs: 250, maxAttempts: 3 }) }));
    case "addAnnotations":
      return (inputs) => inputs.pipe(batched, addAnnotations(app, limits));
    case "patchAnnotations":
      return (inputs) => inputs.pipe(batched, patchAnnotations(app, { status: "review denied" }));
    case "concept values":
    case "patchConcepts":
      return (inputs) => inputs.pipe(batched, patchConcepts(app));
    case "addToDataset":
      return (inputs) => inputs.pipe(batched, addToDataset(app, { dataset: "new" }));
    case "removeFromDataset":
      return (inputs) => inputs.pipe(batched, removeFromDataset(app, { dataset: "old" }));
    case "remove":
      return (inputs) => inputs.pipe(batched, remove(app));
    default:
      return (inputs) => inputs.pipe(batched, removeAnnotations(app));
  }
}

/** Waits for a run. If it rejects, records that; the outcomes that it reported before must still be true. */
async function orRejected(running: Promise<Report>, findings: Findings): Promise<Report | undefined> {
  return running.catch((error: Error & { code?: string }) => {
    findings.wrong.push(`the run was rejected: ${error.code} ${error.message}`);
    return undefined;
  });
}

function stalled(findings: Findings): RunOptions["onStall"] {
  return (stall) => void findings.wrong.push(`stalled: ${JSON.stringify(stall)}`);
}

async function outcomesOf(journal: string): Promise<Outcomes> {
  const records: JournalRecord[] = [];
  if (!existsSync(journal)) return outcomesIn(records); // the run was rejected early, which is a finding already
  for await (const record of readJournal(journal)) records.push(record);
  return outcomesIn(records);
}

/** Waits until the server has carried out what it accepted. */
async function settled({ store }: Stage): Promise<void> {
  const busy = () => store.stored().some(({ statusCode }) => statusCode === 30001);
  for (let waits = 0; waits < 60 && (waits < 2 || busy()); waits += 1) {
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
