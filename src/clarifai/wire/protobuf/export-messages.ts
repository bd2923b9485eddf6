/** The messages in exports of dataset versions: names and types of their fields, by number. Source: Clarifai's definition of the service, version 11.11.0. */

/**
 * A field: its name, and its type. `[]` after the type means that it is repeated. The type "derived" is data that the platform makes itself, such as the
 * size of a video; it is skipped. A field without an entry is not known.
 */
export type ExportFields = Readonly<Record<number, readonly [name: string, type: string]>>;

const timeInfo = { 1: ["num_frames", "int"], 4: ["begin_time", "float"], 5: ["end_time", "float"] } as const;
const words = { 1: ["char_start", "int"], 2: ["char_end", "int"], 3: ["raw_text", "string"] } as const;

export const exportMessages: Readonly<Record<string, ExportFields>> = {
  // "Only the id and data fields of exported inputs are set."
  Input: { 1: ["id", "string"], 2: ["data", "Data"] },
  Data: {
    ...{ 1: ["image", "Image"], 2: ["video", "Video"], 13: ["text", "Text"], 14: ["audio", "Audio"] },
    ...{ 3: ["concepts", "Concept[]"], 5: ["metadata", "Struct"], 6: ["geo", "Geo"] },
    ...{ 11: ["regions", "Region[]"], 12: ["frames", "Frame[]"], 15: ["tracks", "Track[]"] },
    ...{ 16: ["time_segments", "TimeSegment[]"], 25: ["string_value", "string"], 26: ["struct_value", "Struct"] },
  },
  Image: {
    ...{ 1: ["url", "string"], 2: ["base64", "bytes"], 4: ["allow_duplicate_url", "bool"], 5: ["hosted", "HostedURL"] },
    ...{ 6: ["image_info", "ImageInfo"], 7: ["hosted_image_info", "derived"] },
  },
  ImageInfo: {
    1: ["width", "int"],
    2: ["height", "int"],
    3: ["format", "derived"],
    4: ["color_mode", "derived"],
    5: ["mode", "derived"],
  },
  Video: {
    ...{ 1: ["url", "string"], 2: ["base64", "bytes"], 4: ["allow_duplicate_url", "bool"], 6: ["hosted", "HostedURL"] },
    ...{ 5: ["thumbnail_url", "derived"], 7: ["video_info", "derived"], 8: ["hosted_thumbnail", "derived"] },
  },
  Audio: {
    ...{ 1: ["url", "string"], 2: ["base64", "bytes"], 4: ["allow_duplicate_url", "bool"], 5: ["hosted", "HostedURL"] },
    6: ["audio_info", "derived"],
  },
  Text: {
    ...{ 1: ["raw", "string"], 2: ["url", "string"], 3: ["allow_duplicate_url", "bool"], 4: ["hosted", "HostedURL"] },
    5: ["text_info", "derived"],
  },
  HostedURL: {
    1: ["prefix", "string"],
    2: ["suffix", "string"],
    3: ["sizes", "string[]"],
    4: ["crossorigin", "string"],
  },
  Concept: {
    ...{ 1: ["id", "string"], 2: ["name", "string"], 3: ["value", "float"], 4: ["created_at", "derived"] },
    ...{ 5: ["language", "string"], 6: ["app_id", "string"], 7: ["definition", "string"], 8: ["vocab_id", "string"] },
    ...{ 9: ["visibility", "derived"], 10: ["user_id", "string"], 12: ["extra_info", "derived"] },
  },
  Geo: { 1: ["geo_point", "GeoPoint"] },
  GeoPoint: { 1: ["longitude", "float"], 2: ["latitude", "float"] },
  Region: {
    ...{ 1: ["id", "string"], 2: ["region_info", "RegionInfo"], 3: ["data", "Data"], 4: ["value", "float"] },
    5: ["track_id", "string"],
  },
  RegionInfo: {
    ...{ 1: ["bounding_box", "BoundingBox"], 4: ["mask", "Mask"], 5: ["polygon", "Polygon"], 6: ["point", "Point"] },
    ...{ 7: ["span", "Words"], 8: ["token", "Words"], 9: ["keypoint_locations", "Point[]"] },
  },
  BoundingBox: {
    1: ["top_row", "float"],
    2: ["left_col", "float"],
    3: ["bottom_row", "float"],
    4: ["right_col", "float"],
  },
  Polygon: { 1: ["points", "Point[]"] },
  Point: { 1: ["row", "float"], 2: ["col", "float"], 3: ["z", "float"], 4: ["visibility", "int"] },
  Mask: { 2: ["image", "Image"] },
  /** A span and a token have the same fields. */
  Words: words,
  Frame: { 1: ["frame_info", "FrameInfo"], 2: ["data", "Data"], 3: ["id", "string"] },
  FrameInfo: { 1: ["index", "int"], 2: ["time", "int"], 3: ["number", "int"] },
  TimeSegment: { 1: ["id", "string"], 2: ["data", "Data"], 3: ["time_info", "TimeInfo"] },
  Track: { 1: ["id", "string"], 2: ["data", "Data"], 4: ["time_info", "TimeInfo"], 5: ["quality", "float"] },
  TimeInfo: timeInfo,
};

/** Fields that a message has with the value 0 even if the wire leaves them out. */
export const zeroFields: Readonly<Record<string, readonly string[]>> = {
  Concept: ["value"],
  BoundingBox: ["top_row", "left_col", "bottom_row", "right_col"],
  Point: ["row", "col"],
  GeoPoint: ["longitude", "latitude"],
  Words: ["char_start", "char_end"],
  FrameInfo: ["index", "time"],
};
