/** The list of the inputs that an export does not have, with the reasons. */

import { closeSync, openSync, renameSync, writeSync } from "node:fs";
import type { Settlement } from "../../../core/accounting/ledger.js";

/** Longest reason in the list. */
const maxReasonLength = 2000;

/** A file with one line for each input: its id, a tab, and the reason. It is written as the reasons become known. */
export class LeftList {
  readonly #path: string;
  #file: number | undefined;
  #failure: unknown;
  count = 0;
  /** The first line. */
  first = "";

  constructor(path: string) {
    this.#path = path;
  }

  /** Adds the outcome of an input, unless it is ok. */
  add({ id, origin, outcome }: Settlement): void {
    if (outcome.state === "ok") return;
    const reason = outcome.reason.replace(/\s+/g, " ").slice(0, maxReasonLength);
    try {
      this.#file ??= openSync(this.#path, "w");
      writeSync(this.#file, `${id ?? origin}\t${reason}\n`);
    } catch (error) {
      this.#failure ??= error; // the run ignores what a listener throws
    }
    if (this.count === 0) this.first = `${id ?? origin}: ${reason}`;
    this.count += 1;
  }

  /** Moves the list into the export. An export that has every input has no list. Throws the error of a line that could not be written. */
  saveAs(path: string): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#file !== undefined) renameSync(this.#path, path);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
