/** Sink: fills the folder of an export. */

import { defineSink } from "../../../core/plugin/define-sink.js";
import type { Batch } from "../../../core/plugin/sink.js";
import { CocoFormat } from "../../../formats/coco/write-format.js";
import { DatasetFolder } from "../../../formats/dataset-folder/dataset-folder.js";
import type { DatasetFormat } from "../../../formats/dataset-folder/format.js";
import { imageFolderFormat } from "../../../formats/image-folder/write.js";
import { labelStudioFormat } from "../../../formats/label-studio/write.js";
import { vocFormat } from "../../../formats/voc/write.js";
import { yoloFormat } from "../../../formats/yolo/write-format.js";
import type { ExportFormatId } from "./names.js";
import { RecordFolder } from "./record-folder.js";

/** What a format writes into. */
interface ExportFolder {
  write(batch: Batch): Promise<void>;
  close(): Promise<void>;
}

const datasetFormats: Record<Exclude<ExportFormatId, "jsonl">, (path: string) => DatasetFormat> = {
  coco: () => new CocoFormat(),
  yolo: () => yoloFormat("detect", "ultralytics"),
  "yolo-segment": () => yoloFormat("segment", "ultralytics"),
  voc: () => vocFormat({ pixels: "one-based", rounded: false }),
  "image-folder": () => imageFolderFormat(),
  "label-studio": (path) => labelStudioFormat(path, undefined),
};

/** Writes inputs into a new folder. The files of the store are linked, so that an export needs no space for them before its archive. */
export const writeExport = defineSink({
  name: "export",
  parse: (format: ExportFormatId, path: string) => ({ format, path }),
  readsContents: true,
  opensAlways: true,
  batch: { maxItems: 64 },
  async open({ options: { format, path }, signal }): Promise<ExportFolder> {
    if (format === "jsonl") return new RecordFolder(path, signal);
    const run = { dryRun: false, signal };
    return DatasetFolder.open(path, datasetFormats[format](path), { media: "link" }, run);
  },
  write: (batch, { state }) => state.write(batch),
  close: ({ state }) => state.close(),
});
