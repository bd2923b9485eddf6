/** Progress in a notebook: one output below the cell, which is replaced while the run goes on. */

import { randomUUID } from "node:crypto";
import type { JupyterKernel } from "../util/jupyter.js";
import type { ProgressEvent } from "./measure.js";
import { progressScreen } from "./text.js";

/** Width of the output in characters; a cell is wider on most screens. */
const columns = 100;

/** Shows progress in a notebook. The last event stays, and is saved with the notebook. */
export function forNotebook(kernel: JupyterKernel): {
  show(event: ProgressEvent): void;
  end(event: ProgressEvent): Promise<void>;
} {
  const transient = { display_id: randomUUID() };
  let sent: Promise<void> | undefined;
  const send = async (event: ProgressEvent) => {
    const lines = progressScreen(event, columns).map(([name, text]) => `${name} ${text}`);
    const content = { data: { "text/plain": lines.join("\n") }, metadata: {}, transient };
    const before = sent;
    sent = (async () => {
      await before; // messages keep their order
      await kernel.broadcast(before ? "update_display_data" : "display_data", content);
    })().catch(() => undefined); // a front end that is gone does not end the run
    await sent;
  };
  return { show: (event) => void send(event), end: send };
}
