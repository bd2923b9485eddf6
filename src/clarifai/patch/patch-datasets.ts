/** Patches the membership in datasets: the changes of a listed input, or the datasets of a row. */

import type { Message } from "../../core/accounting/message.js";
import type { PatchAction } from "../client/app-types.js";
import { changeMembers } from "../datasets/members.js";
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
  const { app, signal } = context;
  for (const group of groups.values()) {
    const { dataset, isMember } = group[0] as DatasetItem; // a group has an item
    const change = { app, dataset, isMember, stage: "patch", signal, before: beginningFor(context) };
    await changeMembers(
      group.map(({ message }) => message),
      change,
    );
  }
}
