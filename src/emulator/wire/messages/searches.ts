/** Messages of searches: queries, filters and ranks. */

import { fields, labels, type Messages, otherData, paging, times, timesUnsupported } from "./message.js";

/** Messages by name. */
export const searchMessages: Messages = {
  Search: {
    ...{
      query: "Query",
      id: "string",
      application_id: "any",
      name: "string",
      as_of: "time",
      git_hash: "any",
      ...times,
    },
    ...{ algorithm: "any", save: "bool", min_value: "float", visibility: "any", metric: "any" },
  },
  Query: { filters: "Filter[]", ranks: "Rank[]", ands: "And[]", language: "any" },
  Filter: {
    negate: "bool",
    annotation: "FilterAnnotation",
    input: "FilterInput",
    last_updated_time_range: "TimeRange",
  },
  FilterInput: {
    ...{ id: "string", data: "FilterInputData", dataset_ids: "string[]", status: "Status", settings: "unsupported" },
    ...timesUnsupported,
  },
  FilterInputData: {
    ...{ image: "FilterMedium", video: "FilterMedium", audio: "FilterMedium", text: "FilterMedium", ...labels },
    ...fields("unsupported", `regions frames time_segments ${otherData}`),
  },
  // The JavaScript client 2.9 sends the URL of an image as `url`, outside of `image`.
  AndInputData: {
    url: "string",
    image: "FilterMedium",
    video: "FilterMedium",
    audio: "FilterMedium",
    text: "FilterMedium",
    ...labels,
  },
  FilterMedium: {
    url: "string",
    ...fields("unsupported", "raw base64 hosted image_info video_info audio_info text_info"),
  },
  FilterAnnotation: {
    ...{ id: "string", input_id: "string", data: "FilterData", annotation_info: "json", status: "Status" },
    ...{ input_level: "bool", user_id: "string", worker: "FilterWorker", trusted: "any", ...timesUnsupported },
    ...fields("unsupported", "task_id consensus_info model_version_id embed_model_version_id"),
  },
  FilterWorker: { user: "FilterUser", model: "unsupported", workflow: "unsupported" },
  FilterUser: {
    id: "string",
    ...fields("unsupported", "primary_email first_name last_name company_name job_title job_role intention"),
    ...fields("unsupported", "referral_source bill_type created_at date_gdpr_consent date_tos_consent metadata"),
    ...fields("unsupported", "date_marketing_consent date_pii_consent email_addresses two_factor_auth_enabled"),
    ...fields("unsupported", "teams_count is_starred star_count visibility user_detail image"),
  },
  FilterData: {
    ...{ ...labels, regions: "FilterRegion[]", frames: "FilterFrame[]", time_segments: "FilterTimeSegment[]" },
    ...fields("unsupported", `image video audio text ${otherData}`),
  },
  FilterRegion: {
    ...{ id: "string", track_id: "string", region_info: "FilterRegionInfo", data: "FilterRegionData" },
    value: "unsupported",
  },
  FilterRegionInfo: {
    ...fields("present", "bounding_box polygon mask point span token"),
    keypoint_locations: "unsupported",
  },
  FilterRegionData: {
    concepts: "Concept[]",
    ...fields("unsupported", `image video audio text metadata geo regions frames time_segments ${otherData}`),
  },
  FilterFrame: { id: "unsupported", frame_info: "present", data: "unsupported" },
  FilterTimeSegment: { id: "unsupported", time_info: "present", data: "unsupported" },
  Rank: { negate: "bool", annotation: "RankAnnotation" },
  RankAnnotation: {
    ...{ id: "string", input_id: "string", data: "RankData", model_version_id: "any", ...timesUnsupported },
    ...fields("unsupported", "annotation_info user_id embed_model_version_id status trusted input_level"),
    ...fields("unsupported", "consensus_info task_id worker"),
  },
  RankData: {
    ...{ concepts: "Concept[]", image: "Image", text: "Text" },
    ...fields("unsupported", `video audio metadata geo regions frames time_segments ${otherData}`),
  },
  And: { negate: "bool", annotation: "FilterAnnotation", input: "AndInput", output: "AndOutput" },
  AndInput: {
    ...{ id: "string", data: "AndInputData", dataset_ids: "string[]", status: "Status", settings: "unsupported" },
    ...timesUnsupported,
  },
  AndOutput: {
    ...{ data: "FilterRegionData", input: "RankAnnotationInput" },
    ...fields("unsupported", "id status model created_at prompt_tokens completion_tokens"),
  },
  RankAnnotationInput: {
    ...{ id: "string", data: "RankData", ...timesUnsupported },
    ...fields("unsupported", "status dataset_ids settings"),
  },
  TimeRange: { start_time: "time", end_time: "time" },
  Pagination: paging,
  ConceptQuery: {
    ...{ name: "string", language: "any" },
    ...fields("unsupported", "ignore_app_concepts workflow_id use_cases model workflow"),
  },
};
