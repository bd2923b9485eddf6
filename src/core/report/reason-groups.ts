/** Texts that inputs have in common, counted: why they were skipped or are pending, or in which way they are ok. */

import { shorten } from "../util/shorten.js";
import type { ReasonGroup } from "./report.js";

/** Groups that are told apart; should a plugin make a text for each input, they are counted together. */
export const maxGroups = 200;
/** Name of the group that has what came when there were enough. */
export const others = "…";
const maxOrigins = 100;
/** Most characters of a text in a report: a row of 20 MB may be quoted in its own failure, ten thousand times. */
const maxTextLength = 2000;

/** Counts inputs by a text, and keeps the first origins of each; bounded however many texts there are. */
export class ReasonGroups {
  readonly #groups = new Map<string, ReasonGroup>();

  add(text: string, origin?: string, count = 1): void {
    const name = reportText(text);
    const reason = this.#groups.size < maxGroups || this.#groups.has(name) ? name : others;
    const group = this.#groups.get(reason) ?? { reason, count: 0, origins: [] };
    group.count += count;
    if (origin !== undefined && group.origins.length < maxOrigins) group.origins.push(reportText(origin));
    this.#groups.set(reason, group);
  }

  get list(): ReasonGroup[] {
    return [...this.#groups.values()];
  }
}

/** Shortens a text for the report. */
export function reportText(text: string): string {
  return shorten(text, maxTextLength);
}
