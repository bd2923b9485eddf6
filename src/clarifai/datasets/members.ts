/** Adds inputs to a dataset and removes them, with an outcome for each input. */

import type { Message } from "../../core/accounting/message.js";
import { SinkError } from "../../core/errors.js";
import { ApiError } from "../client/api-error.js";
import type { App } from "../client/app.js";
import { limits } from "../limits.js";
import { asFatal, type Before, inParts, settleInHalves, settleItems } from "../requests.js";
import { classify } from "../wire/status.js";
import { statusCodes } from "../wire/status-codes.js";

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

/**
 * Checks that a dataset exists, and creates it if asked. A dry run only checks.
 *
 * @throws {SinkError} the API's code
 */
export async function ensureDataset({ app, dataset, stage, signal, create, dryRun }: DatasetOptions): Promise<void> {
  try {
    if (await app.getDataset(dataset, signal)) return;
    if (!create) throw missing(stage, dataset);
    if (!dryRun) await createOnce(app, dataset, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ApiError)) throw error;
    throw asFatal(error, stage) ?? new SinkError(error.code, `${stage}: ${error.message}`, { cause: error });
  }
}

/** Another process may create the dataset at the same time, or an answer may be lost: then the dataset exists after the failure. */
async function createOnce(app: App, dataset: string, signal: AbortSignal): Promise<void> {
  try {
    await app.postDatasets([{ id: dataset }], signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ApiError) || !(await app.getDataset(dataset, signal))) throw error;
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
