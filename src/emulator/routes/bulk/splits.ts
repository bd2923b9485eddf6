/** Splits of inputs into datasets by percentage. */

import { statusCodes } from "../../../clarifai/wire/status-codes.js";
import { isObject, type Json, type JsonObject } from "../../../core/util/json/json-values.js";
import { Refusal } from "../../wire/refusals.js";

/** Checks a split: each dataset has an id and a percentage from 1 to 100, and all together at most 100. @throws {Refusal} 25404 */
export function checkSplits(parameters: Json | undefined): void {
  if (!isObject(parameters)) return;
  const splits = splitsOf(parameters);
  if (splits.length === 0) throw refused("split_into_datasets needs dataset_splits");
  if (parameters.method !== 1) throw refused("split_into_datasets needs the method RANDOM_PERCENTAGE_SPLIT");
  for (const { id, percentage } of splits) {
    if (id === "") throw refused("each dataset of a split needs an id");
    if (percentage < 1 || percentage > 100)
      throw refused(`the percentage of "${id}" must be 1 to 100, not ${percentage}`);
  }
  const sum = splits.reduce((total, { percentage }) => total + percentage, 0);
  if (sum > 100) throw refused(`the percentages of a split must not be more than 100 together, not ${sum}`);
}

/** Returns the dataset of the input at a place from 0 to 1; undefined if the percentages leave it out. */
export function datasetAt(parameters: JsonObject, share: number): string | undefined {
  let end = 0;
  for (const { id, percentage } of splitsOf(parameters)) {
    end += percentage;
    if (share * 100 < end) return id;
  }
  return undefined;
}

function splitsOf({ dataset_splits: list }: JsonObject): { id: string; percentage: number }[] {
  return (Array.isArray(list) ? list.filter(isObject) : []).map(({ dataset, percentage }) => ({
    id: isObject(dataset) ? String(dataset.id ?? "") : "",
    percentage: Number(percentage ?? 0),
  }));
}

function refused(details: string): Refusal {
  return new Refusal(statusCodes.BULK_OPERATION_INVALID_REQUEST, details);
}
