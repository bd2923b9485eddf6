/** Adds inputs to a dataset and removes them, with an outcome for each input. */

import type { Message } from "../../core/accounting/message.js";
import { SinkError } from "../../core/errors.js";
import type { App } from "../client/app.js";
import { limits } from "../limits.js";
import { type Before, inParts, settleInHalves, settleItems } from "../requests.js";
import { classify } from "../wire/status.js";
import { statusCodes } from "../wire/status-codes.js";
import { createDataset } from "./create-dataset.js";

/** A change of the members of one dataset. */
export interface MembersChange {
  app: App;
  dataset: string;
  /** Whether the inputs are members afterwards. */
  isMember: boolean;
  stage: string;
  signal: AbortSignal;
  /** What was done for a message before. */
  before?: Before | undefined;
}

/** Adds inputs to a dataset, or removes them, 128 to a request. A message fails if its item is refused, or if the answer does not name it. */
export async function changeMembers(messages: readonly Message[], change: MembersChange): Promise<void> {
  const { stage, before } = change;
  const open = messages.filter((message) => !message.settled);
  for (const part of inParts(open, limits.maxIdsPerRequest)) {
    await settleInHalves(
      part,
      (some) => some,
      stage,
      (some) => send(some, change),
      undefined,
      before,
    );
  }
}

async function send(
  messages: readonly Message[],
  { app, dataset, isMember, stage, signal, before }: MembersChange,
): Promise<void> {
  const ids = messages.map((message) => message.value.id);
  if (!isMember) return app.removeFromDataset(dataset, ids, signal);
  const answers = await app.addToDataset(dataset, ids, signal);
  // A member that is added again is a member, as requested.
  const settled = answers.map((answer) =>
    classify(answer.status) === "duplicate" ? { ...answer, status: { code: statusCodes.SUCCESS } } : answer,
  );
  settleItems(messages, ids, settled, stage, `dataset ${dataset}: `, before);
}

export interface DatasetOptions {
  app: App;
  dataset: string;
  stage: string;
  signal: AbortSignal;
  /** Creates a dataset that does not exist. */
  create: boolean;
  dryRun: boolean;
}

/** A dataset that a sink needs: it is looked up, and created if asked, before the first request. */
export class NeededDataset {
  readonly #options: DatasetOptions;
  #ready: Promise<void> | undefined;

  constructor(options: DatasetOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the dataset exists. A dry run only looks it up. After a failure, the next call tries again.
   *
   * @throws {SinkError} 11101 if it does not exist and may not be created
   * @throws {ApiError} when a request fails
   */
  ensure(): Promise<void> {
    this.#ready ??= this.#ensure().catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }

  async #ensure(): Promise<void> {
    const { app, dataset, stage, signal, create, dryRun } = this.#options;
    if (await app.getDataset(dataset, signal)) return;
    if (!create) throw missing(stage, dataset);
    if (!dryRun) await createDataset(app, dataset, signal);
  }
}

function missing(stage: string, dataset: string): SinkError {
  const hint =
    stage === "addToDataset" ? "create: true creates it" : "listDatasets() of the app names those that exist";
  return new SinkError(
    String(statusCodes.CONN_DOES_NOT_EXIST),
    `${stage}: the dataset ${JSON.stringify(dataset)} does not exist; ${hint}`,
  );
}
