/** The inputs of an export, page by page: those that match the filters, or those of a selection. */

import type { Store } from "../../store/store.js";
import type { GalleryActions } from "../actions/gallery-actions.js";
import type { Selection } from "../actions/selections.js";
import { type Filters, findPage } from "../find-inputs.js";
import type { ExportPage } from "./found-inputs.js";

/** Inputs that are found at once. */
const pageSize = 128;

/** Yields the inputs that match the filters, newest first. Inputs after `top` are left out, since they were added later. */
export function* foundPages(store: Store, filters: Filters, top: number): Generator<ExportPage> {
  for (let after: number | undefined; ; ) {
    const seqs = findPage(store, filters, { top, after, skip: 0, limit: pageSize });
    after = seqs.at(-1);
    if (after === undefined) return;
    yield seqs.map((seq) => ({ seq }));
  }
}

/** Yields the inputs of a selection. */
export function* selectedPages(actions: GalleryActions, selection: Selection): Generator<ExportPage> {
  for (let after = -1; ; ) {
    const inputs = actions.selected(selection, after, pageSize);
    const last = inputs.at(-1);
    if (!last) return;
    after = last.position;
    yield inputs.map(({ input, id }) => ({ seq: input, id }));
  }
}
