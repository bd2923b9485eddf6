/** Source: inputs of the store that the gallery found or selected, with their annotations and their files. */

import { annotationFromWire, plainAnnotation } from "../../../clarifai/wire/annotations.js";
import { inputFromWire, wireInput } from "../../../clarifai/wire/decode-answers.js";
import { statusCodes } from "../../../clarifai/wire/status-codes.js";
import { InputError } from "../../../core/errors.js";
import { reportedFields } from "../../../core/input/fields/fields.js";
import type { Input, InputDraft } from "../../../core/input/input.js";
import { defineSource } from "../../../core/plugin/define-source.js";
import type { SourceItem } from "../../../core/plugin/source.js";
import { omit } from "../../../core/util/omit.js";
import type { MediaFiles } from "../../media/media-files.js";
import type { AnnotationRow, AppRow, InputRow } from "../../store/model.js";
import type { Store } from "../../store/store.js";
import { type OutgoingContext, outgoingAnnotation, outgoingInput } from "../../wire/outgoing.js";
import { status } from "../../wire/status.js";
import { stateOf } from "../items.js";

export interface FoundInputs {
  store: Store;
  files: MediaFiles;
  app: AppRow;
  /** The inputs to export, page by page. */
  pages: Iterable<ExportPage>;
  /** Name of a format that holds images only; undefined for one that holds all kinds. */
  imagesOnly: string | undefined;
}

/** Inputs by their numbers. An input whose id is known was selected, so the export says if it was deleted since. */
export type ExportPage = readonly { seq: number; id?: string }[];

const deletedReason = "it was deleted since it was selected";

/** Reads inputs page by page. An input that the export cannot hold yields an error with the reason. */
export const foundInputs = defineSource({
  name: "gallery",
  parse: (found: FoundInputs) => found,
  async *read(found, { signal }) {
    const { store, app, pages } = found;
    const context = { app, base: "", names: store.names(app.seq) };
    const sql = "SELECT i.* FROM json_each(?) s CROSS JOIN inputs i ON i.seq = s.value WHERE i.app = ?";
    for (const page of pages) {
      if (signal.aborted) return;
      const seqs = JSON.stringify(page.map(({ seq }) => seq));
      const rows = new Map(store.all<InputRow>(sql, seqs, app.seq).map((row) => [row.seq, row]));
      for (const { seq, id } of page) {
        const row = rows.get(seq);
        if (row) yield itemOf(row, found, context);
        else if (id !== undefined) yield { origin: id, error: new InputError("ERR_ITEM", deletedReason) };
      }
    }
  },
});

function itemOf(row: InputRow, found: FoundInputs, context: OutgoingContext): SourceItem {
  const origin = row.id;
  const reason = obstacleOf(row, found);
  if (reason !== undefined) return { origin, error: new InputError("ERR_ITEM", reason) };
  return { origin, input: draftOf(row, found, context) };
}

/** Returns why an input cannot be exported; undefined if it can. */
function obstacleOf({ kind, status: code, details, sha256 }: InputRow, found: FoundInputs): string | undefined {
  const { imagesOnly } = found;
  if (imagesOnly !== undefined && kind !== "image") return `${imagesOnly} holds images only; this input is ${kind}`;
  if (stateOf(code) === "waiting") return "the input is not processed yet";
  if (code !== statusCodes.INPUT_SUCCESS) {
    return `its processing failed: ${status(code).description}${details === null ? "" : `: ${details}`}`;
  }
  return sha256 === null && kind !== "text" ? "the store has no file of this input" : undefined;
}

function draftOf(row: InputRow, found: FoundInputs, context: OutgoingContext): InputDraft {
  const { store, files, app, imagesOnly } = found;
  const input = omit(inputFromWire(wireInput(outgoingInput(row, context))), [...reportedFields, "textUrl"]) as Input;
  const sql = "SELECT * FROM annotations WHERE app = ? AND input_id = ? AND level = 0 ORDER BY seq";
  const annotations = store.all<AnnotationRow>(sql, app.seq, row.id).map((stored) => {
    const annotation = plainAnnotation(annotationFromWire(outgoingAnnotation(stored, undefined, context)));
    // Every annotation of a store has an id, which would be the loss of every image.
    return imagesOnly === undefined ? annotation : omit(annotation, ["id"]);
  });
  const datasets = store
    .all<{ dataset: string }>(
      "SELECT dataset FROM dataset_inputs WHERE input = ? AND app = ? ORDER BY dataset",
      ...[row.seq, app.seq],
    )
    .map(({ dataset }) => dataset);
  const media = row.sha256 === null ? {} : { [row.kind]: { path: files.pathOf(row.sha256) } };
  // The file of the store is named by its content, so an image without a file name gets its id as one.
  const metadata = imagesOnly === undefined ? input.metadata : { filename: row.id, ...input.metadata };
  return { ...input, ...media, metadata, annotations, datasets } as InputDraft;
}
