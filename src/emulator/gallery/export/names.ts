/** The formats of an export, for the server and its page. */

export const exportFormats = [
  { id: "coco", label: "COCO" },
  { id: "yolo", label: "YOLO (boxes)" },
  { id: "yolo-segment", label: "YOLO (polygons)" },
  { id: "voc", label: "Pascal VOC" },
  { id: "image-folder", label: "Image folder" },
  { id: "label-studio", label: "Label Studio" },
  { id: "jsonl", label: "JSON Lines" },
] as const;

export type ExportFormatId = (typeof exportFormats)[number]["id"];
export type ExportFormat = (typeof exportFormats)[number];
