/** Checks the inputs of a request one by one, and adds those that are accepted. */

import { statusCodes } from "../../../clarifai/wire/status-codes.js";
import type { JsonObject } from "../../../core/util/json/json-values.js";
import { type DescribedFiles, pixelProblem, textInfo } from "../../media/inspect-media.js";
import { shareOf } from "../../server/faults.js";
import type { InputRow } from "../../store/model.js";
import { insertInputs, type NewInput } from "../../store/new-inputs.js";
import { newId } from "../../store/stamps.js";
import { type IncomingInput, incomingInput } from "../../wire/incoming-input.js";
import { ItemRefusal } from "../../wire/refusals.js";
import type { Call } from "../context.js";
import { ensureDataset } from "../dataset-members.js";
import { UsedNames } from "./used-names.js";

/** One input of a request: accepted with its row, or refused. */
export type Item =
  | { value: JsonObject; input: IncomingInput; row: InputRow }
  | { value: JsonObject; refusal: ItemRefusal };

export interface AcceptOptions {
  jobId: string | undefined;
  /** An id that already exists gets a suffix. */
  addSuffix: boolean;
  described: DescribedFiles;
}

/** Adds the inputs of a request that are accepted, as one transaction. Returns all inputs in their order. */
export function acceptInputs(call: Call, values: readonly JsonObject[], options: AcceptOptions): Item[] {
  const { services, app } = call;
  const { store } = services;
  const { jobId } = options;
  const read = values.map((value) => orRefusal(() => incomingInput(value, call.media)));
  return store.transaction(() => {
    if (jobId !== undefined) store.addJob(app.seq, jobId);
    const check = new ItemCheck(call, read.filter(isAccepted), options);
    const checked = read.map((input) => (isAccepted(input) ? orRefusal(() => check.accept(input)) : input));
    const rows = insertInputs(store, app.seq, jobId ?? null, checked.filter(isAccepted));
    if (jobId !== undefined && rows.length > 0) store.count(app.seq, jobId, "pending", undefined, rows.length);
    const left = rows.values();
    return values.map((value, index) => {
      const refusal = checked[index];
      if (refusal instanceof ItemRefusal) return { value, refusal };
      return { value, input: read[index] as IncomingInput, row: left.next().value as InputRow };
    });
  });
}

/** Returns a result, or the refusal that was thrown instead. Other errors pass. */
function orRefusal<T>(work: () => T): T | ItemRefusal {
  try {
    return work();
  } catch (error) {
    if (error instanceof ItemRefusal) return error;
    throw error;
  }
}

function isAccepted<T>(result: T | ItemRefusal): result is T {
  return !(result instanceof ItemRefusal);
}

/** Checks inputs against the app and against each other. */
class ItemCheck {
  readonly #call: Call;
  readonly #options: AcceptOptions;
  readonly #names: UsedNames;
  /** Datasets that exist. */
  readonly #datasets = new Set<string>();

  constructor(call: Call, inputs: readonly IncomingInput[], options: AcceptOptions) {
    this.#call = call;
    this.#options = options;
    this.#names = new UsedNames(call, inputs);
  }

  /** Accepts an input, and creates its concepts and datasets. @throws {ItemRefusal} 11101, 30100, 30105, 39999, or an injected code */
  accept(input: IncomingInput): NewInput {
    const { mixed, app, services } = this.#call;
    if (mixed && shareOf(input.id ?? "") < mixed.share) throw new ItemRefusal(mixed.code, "injected");
    this.#checkPixels(input);
    const id = this.#names.freeId(input.id, this.#options.addSuffix);
    this.#names.checkUrl(input);
    for (const dataset of input.datasets) this.#ensureDataset(dataset);
    this.#names.add(input, id);
    services.store.ensureConcepts(app.seq, input.concepts);
    for (const { data, concepts } of input.annotations) {
      if (data.region) data.region.id ??= newId();
      services.store.ensureConcepts(app.seq, concepts);
    }
    return {
      id,
      kind: input.kind,
      media: JSON.stringify(withTextInfo(input)),
      fields: JSON.stringify(input.fields),
      sha256: input.stored?.sha256 ?? null,
      size_bytes: input.stored?.sizeBytes ?? 0,
      url: input.url ?? null,
      annotations: input.annotations.map(({ data }) => data),
      datasets: input.datasets,
    };
  }

  #checkPixels({ kind, stored }: IncomingInput): void {
    const content = this.#options.described.get(stored?.sha256 ?? "")?.content;
    const problem = content && pixelProblem(content);
    if (kind === "image" && problem !== undefined) throw new ItemRefusal(statusCodes.INPUT_OVER_LIMIT, problem);
  }

  #ensureDataset(dataset: string): void {
    if (this.#datasets.has(dataset)) return;
    ensureDataset(this.#call, dataset);
    this.#datasets.add(dataset);
  }
}

/** Returns the media of an input. The info of a text is stored at once, and answers show it when the text is processed. */
function withTextInfo({ media, kind, url }: IncomingInput): JsonObject {
  if (kind !== "text" || url !== undefined) return media;
  const text = media.text as JsonObject;
  return { ...media, text: { ...text, ...textInfo(text) } };
}
