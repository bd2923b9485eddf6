/** Counts inputs by a text: the reason why they were skipped or are pending, or a note on how they are ok. */

import { shorten } from "../util/format/shorten.js";
import type { ReasonGroup } from "./report.js";

/** Most groups. If a plugin makes a new text for each input, the further ones are counted together. */
export const maxGroups = 200;
/** Name of the group that counts the further texts. */
export const others = "…";
const maxOrigins = 100;
/** Maximum characters of a text in a report. Ten thousand failures may each quote a row of 20 MB. */
const maxTextLength = 2000;

/** Counts inputs by a text, and records the first origins of each. Its memory is bounded, however many texts there are. */
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
