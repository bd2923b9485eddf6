/** The forms of sources, in the order of the help. Where several match a name, the first counts. */

import type { Form } from "./form.js";
import { archiveForm } from "./forms/archive.js";
import { cocoForm } from "./forms/coco.js";
import { csvForm } from "./forms/csv.js";
import { cvatForm } from "./forms/cvat.js";
import { documentsForm } from "./forms/documents.js";
import { exportForm } from "./forms/export.js";
import { folderForm } from "./forms/folder.js";
import { imageFolderForm } from "./forms/image-folder.js";
import { jsonlForm } from "./forms/jsonl.js";
import { labelMeForm } from "./forms/label-me.js";
import { labelStudioForm } from "./forms/label-studio.js";
import { parquetForm } from "./forms/parquet.js";
import { s3Form } from "./forms/s3.js";
import { textsForm } from "./forms/texts.js";
import { urlsForm } from "./forms/urls.js";
import { vocForm } from "./forms/voc.js";
import { webDatasetForm } from "./forms/webdataset.js";
import { yoloForm } from "./forms/yolo.js";

export const forms: readonly Form[] = [
  folderForm,
  cocoForm,
  yoloForm,
  vocForm,
  imageFolderForm,
  labelStudioForm,
  cvatForm,
  labelMeForm,
  webDatasetForm,
  archiveForm,
  s3Form,
  exportForm,
  csvForm,
  jsonlForm,
  urlsForm,
  textsForm,
  documentsForm,
  parquetForm,
];
