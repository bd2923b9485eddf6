/** The forms of sources, in the order of the help. Where several match a name, the first counts. */

import type { Form } from "./form.js";
import { archiveForm } from "./forms/archive.js";
import { csvForm } from "./forms/csv.js";
import { cocoForm } from "./forms/datasets/coco.js";
import { cvatForm } from "./forms/datasets/cvat.js";
import { imageFolderForm } from "./forms/datasets/image-folder.js";
import { labelMeForm } from "./forms/datasets/label-me.js";
import { labelStudioForm } from "./forms/datasets/label-studio.js";
import { vocForm } from "./forms/datasets/voc.js";
import { yoloForm } from "./forms/datasets/yolo.js";
import { documentsForm } from "./forms/documents.js";
import { exportForm } from "./forms/export.js";
import { folderForm } from "./forms/folder.js";
import { huggingFaceForm } from "./forms/hugging-face.js";
import { jsonlForm } from "./forms/jsonl.js";
import { parquetForm } from "./forms/parquet.js";
import { s3Form } from "./forms/s3.js";
import { textsForm } from "./forms/texts.js";
import { urlsForm } from "./forms/urls.js";
import { webDatasetForm } from "./forms/webdataset.js";

export const forms: readonly Form[] = [
  folderForm,
  cocoForm,
  yoloForm,
  vocForm,
  imageFolderForm,
  labelStudioForm,
  cvatForm,
  labelMeForm,
  huggingFaceForm,
  webDatasetForm,
  archiveForm,
  parquetForm,
  s3Form,
  exportForm,
  csvForm,
  jsonlForm,
  urlsForm,
  textsForm,
  documentsForm,
];
