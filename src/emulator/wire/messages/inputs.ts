/** Messages of inputs and annotations. */

import { fields, labels, type Messages, media, medium, otherData, parts, times } from "./message.js";

/** Messages by name. */
export const inputMessages: Messages = {
  UserAppIDSet: { user_id: "string", app_id: "string" },
  Status: {
    ...{ code: "StatusCode", description: "any", details: "any", req_id: "any", developer_notes: "any" },
    ...{ percent_completed: "any", time_remaining: "any", stack_trace: "any", internal_details: "any" },
    redirect_info: "any",
  },
  Visibility: { gettable: "Gettable" },

  Input: {
    id: "string",
    data: "InputData",
    ...times,
    status: "Status",
    dataset_ids: "string[]",
    settings: "unsupported",
  },
  InputData: { ...media, ...labels, ...parts, ...fields("unsupported", otherData) },
  Data: { ...media, ...labels, ...parts, ...fields("carried", otherData) },
  Image: { ...medium, image_info: "any", hosted_image_info: "any", decoded_bytes: "any" },
  Video: { ...medium, video_info: "any", thumbnail_url: "any", hosted_thumbnail: "any" },
  Audio: { ...medium, audio_info: "any" },
  Text: { raw: "string", url: "string", allow_duplicate_url: "bool", hosted: "any", text_info: "any" },
  Concept: {
    ...{ id: "string", name: "string", value: "float=1", created_at: "time", language: "string", app_id: "string" },
    ...{ user_id: "string", definition: "string", vocab_id: "string", visibility: "Visibility", metadata: "json" },
    ...{ image: "any", keypoint_info: "any", extra_info: "any" },
  },
  // A concept that is created or patched. `Concept` is a label of an input, of which only id, name and value count.
  NewConcept: {
    ...{ id: "string", name: "string", value: "float=1", created_at: "time", language: "string", app_id: "string" },
    ...{ user_id: "string", vocab_id: "string", visibility: "Visibility" },
    ...fields("unsupported", "definition metadata image keypoint_info extra_info"),
  },
  Geo: { geo_point: "GeoPoint", geo_limit: "GeoLimit", geo_box: "GeoBoxedPoint[]" },
  GeoPoint: { longitude: "float!", latitude: "float!" },
  GeoLimit: { type: "string", value: "float!" },
  GeoBoxedPoint: { geo_point: "GeoPoint" },

  Annotation: {
    ...{ id: "string", input_id: "string", data: "Data", annotation_info: "json", status: "Status", ...times },
    ...{ input_level: "bool", task_id: "unsupported", worker: "any", consensus_info: "any", user_id: "string" },
    ...{ trusted: "any", model_version_id: "any", embed_model_version_id: "any" },
  },
  Region: { id: "string", region_info: "RegionInfo", data: "Data", value: "float", track_id: "string" },
  RegionInfo: {
    ...{ bounding_box: "BoundingBox", polygon: "Polygon", mask: "Mask", point: "Point", span: "Span", token: "Span" },
    keypoint_locations: "Point[]",
  },
  BoundingBox: { top_row: "share!", left_col: "share!", bottom_row: "share!", right_col: "share!" },
  Polygon: { points: "Point[]" },
  Point: { row: "share!", col: "share!", z: "float", visibility: "PointVisibility" },
  Mask: { image: "Image" },
  Span: { char_start: "uint!", char_end: "uint!", raw_text: "string" },
  Frame: { id: "string", frame_info: "FrameInfo", data: "Data" },
  FrameInfo: { index: "uint!", time: "uint!", number: "uint!" },
  TimeSegment: { id: "string", data: "Data", time_info: "TimeInfo" },
  TimeInfo: { num_frames: "uint", begin_time: "float", end_time: "float" },
};
