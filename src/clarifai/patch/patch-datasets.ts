/** Patches the membership in datasets: the changes of a listed input, or the datasets of a row. */

import type { Message } from "../../core/accounting/message.js";
import type { PatchAction } from "../client/app-types.js";
import { limits } from "../limits.js";
import { inParts, settleInHalves, settleItems } from "../requests.js";
import { classify } from "../wire/status.js";
import { statusCodes } from "../wire/status-codes.js";
import { beginningFor, type PatchContext } from "./patch-fields.js";

export interface DatasetItem {
  message: Message;
  dataset: string;
  isMember: boolean;
}

/** Returns the memberships that change. A row changes only datasets that it names. */
export function datasetsPatch(message: Message, isListed: boolean, action: PatchAction): DatasetItem[] {
  const wanted = new Set(message.value.datasets);
  const before = new Set(isListed ? message.source.datasets : []);
  const removed = [...before].filter((dataset) => !wanted.has(dataset));
  const added = [...wanted].filter((dataset) => !before.has(dataset));
  return [
    ...removed.map((dataset) => ({ message, dataset, isMember: false })),
    ...added.map((dataset) => ({ message, dataset, isMember: action !== "remove" })),
  ];
}

/** Adds inputs to datasets and removes them. */
export async function patchDatasets(items: readonly DatasetItem[], context: PatchContext): Promise<void> {
  const groups = new Map<string, DatasetItem[]>();
  for (const item of items) {
    const key = `${item.isMember}\n${item.dataset}`;
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  for (const group of groups.values()) {
    const open = group.filter(({ message }) => !message.settled);
    for (const part of inParts(open, limits.maxIdsPerRequest)) {
      await settleInHalves(
        part,
        messagesOf,
        "patch",
        (some) => change(some, context),
        undefined,
        beginningFor(context),
      );
    }
  }
}

async function change(items: readonly DatasetItem[], context: PatchContext): Promise<void> {
  const { dataset = "", isMember = true } = items[0] ?? {};
  const ids = items.map(({ message }) => message.value.id);
  if (!isMember) return context.app.removeFromDataset(dataset, ids, context.signal);
  const answers = await context.app.addToDataset(dataset, ids, context.signal);
  const settled = answers.map((answer) =>
    classify(answer.status) === "duplicate" ? { ...answer, status: { code: statusCodes.SUCCESS } } : answer,
  );
  settleItems(messagesOf(items), ids, settled, "patch", `dataset ${dataset}: `, beginningFor(context));
}

function messagesOf(items: readonly { message: Message }[]): Message[] {
  return items.map(({ message }) => message);
}
