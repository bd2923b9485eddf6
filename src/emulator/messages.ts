/** The messages of the API that requests are made of: the fields of each, and what a field can hold. */

/**
 * A field is a text, a number, a message of this table or a list of them. `!` marks those that answers show also when they are zero or
 * empty, `=1` one that is 1 when a request does not give it. "json" is a free object; "any" is taken and not looked at.
 */
export type Message = Readonly<Record<string, string>>;

/** Names of numbers; requests may give either. */
export const enums: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  ConflictResolution: { INPUT_ID_CONFLICT_RESOLUTION_NOT_SET: 0, SKIP: 1, SUFFIX: 2 },
  PointVisibility: { NOT_SET: 0, VISIBLE: 1, NOT_VISIBLE: 2, NOT_PRESENT: 3 },
  Gettable: { UNKNOWN_VISIBILITY: 0, PRIVATE: 10, ORG: 30, PUBLIC: 50 },
};

const times = { created_at: "time", modified_at: "time" };
const tokens = { prompt_tokens: "any", completion_tokens: "any" };
const paged = { page: "int", per_page: "int" };
const medium = { url: "string", base64: "bytes", allow_duplicate_url: "bool", hosted: "any" };

/** Messages by name. */
export const messages: Readonly<Record<string, Message>> = {
  UserAppIDSet: { user_id: "string", app_id: "string" },
  Status: {
    ...{ code: "StatusCode", description: "any", details: "any", req_id: "any", developer_notes: "any" },
    ...{ percent_completed: "any", time_remaining: "any", stack_trace: "any", internal_details: "any" },
    redirect_info: "any",
  },
  Visibility: { gettable: "Gettable" },

  Input: { id: "string", data: "Data", ...times, status: "Status", dataset_ids: "string[]", settings: "any" },
  Data: {
    ...{ image: "Image", video: "Video", audio: "Audio", text: "Text" },
    ...{ concepts: "Concept[]", metadata: "json", geo: "Geo" },
    ...{ regions: "Region[]", frames: "Frame[]", time_segments: "TimeSegment[]" },
    ...{ tracks: "any", embeddings: "any", clusters: "any", colors: "any", hits: "any", heatmaps: "any", parts: "any" },
    ...{ ndarray: "any", int_value: "any", float_value: "any", bytes_value: "any", bool_value: "any" },
    ...{ string_value: "any", struct_value: "any" },
  },
  Image: { ...medium, image_info: "any", hosted_image_info: "any", decoded_bytes: "any" },
  Video: { ...medium, video_info: "any", thumbnail_url: "any", hosted_thumbnail: "any" },
  Audio: { ...medium, audio_info: "any" },
  Text: { raw: "string", url: "string", allow_duplicate_url: "bool", hosted: "any", text_info: "any" },
  Concept: {
    ...{ id: "string", name: "string", value: "float=1", created_at: "time", language: "string", app_id: "string" },
    ...{ user_id: "string", definition: "string", vocab_id: "string", visibility: "Visibility", metadata: "json" },
    ...{ image: "any", keypoint_info: "any", extra_info: "any" },
  },
  Geo: { geo_point: "GeoPoint", geo_limit: "GeoLimit", geo_box: "GeoBoxedPoint[]" },
  GeoPoint: { longitude: "float!", latitude: "float!" },
  GeoLimit: { type: "string", value: "float!" },
  GeoBoxedPoint: { geo_point: "GeoPoint" },

  Annotation: {
    ...{ id: "string", input_id: "string", data: "Data", annotation_info: "json", status: "Status", ...times },
    ...{ input_level: "bool", task_id: "string", worker: "any", consensus_info: "any", user_id: "string" },
    ...{ trusted: "any", model_version_id: "any", embed_model_version_id: "any" },
  },
  Region: { id: "string", region_info: "RegionInfo", data: "Data", value: "float", track_id: "string" },
  RegionInfo: {
    ...{ bounding_box: "BoundingBox", polygon: "Polygon", mask: "Mask", point: "Point", span: "Span", token: "Span" },
    keypoint_locations: "Point[]",
  },
  BoundingBox: { top_row: "float!", left_col: "float!", bottom_row: "float!", right_col: "float!" },
  Polygon: { points: "Point[]" },
  Point: { row: "float!", col: "float!", z: "float", visibility: "PointVisibility" },
  Mask: { image: "Image" },
  Span: { char_start: "int!", char_end: "int!", raw_text: "string" },
  Frame: { id: "string", frame_info: "FrameInfo", data: "Data" },
  FrameInfo: { index: "int!", time: "int!", number: "int!" },
  TimeSegment: { id: "string", data: "Data", time_info: "TimeInfo" },
  TimeInfo: { num_frames: "int", begin_time: "float", end_time: "float" },

  Dataset: {
    ...{ id: "string", app_id: "string", user_id: "string", description: "string", metadata: "json", notes: "string" },
    ...{ visibility: "Visibility", image: "Image", version: "any", is_starred: "any", star_count: "any", ...times },
    ...{ default_annotation_filter: "any", default_processing_info: "any", bookmark_origin: "any" },
  },
  DatasetInput: { created_at: "time", input: "Input" },
  App: {
    ...{ id: "string", name: "string", user_id: "string", description: "string", metadata: "json", notes: "string" },
    ...{ default_language: "string", visibility: "Visibility", image: "Image", default_workflow_id: "any", ...times },
    ...{ default_workflow: "any", legal_consent_status: "any", sample_ms: "any", data_tier_id: "any" },
    ...{ is_starred: "any", star_count: "any", is_template: "any", extra_info: "any", embeddings_storage: "any" },
  },

  Search: {
    ...{ query: "Query", id: "string", application_id: "string", name: "string", as_of: "time", git_hash: "string" },
    ...{ ...times, algorithm: "string", save: "bool", min_value: "float", visibility: "Visibility", metric: "any" },
  },
  Query: { filters: "Filter[]", ranks: "Rank[]", ands: "And[]", language: "string" },
  Filter: { negate: "bool", annotation: "Annotation", input: "Input", last_updated_time_range: "TimeRange" },
  Rank: { negate: "bool", annotation: "Annotation" },
  And: { negate: "bool", annotation: "Annotation", input: "Input", output: "Output" },
  Output: { id: "string", data: "Data", input: "Input", status: "any", model: "any", created_at: "any", ...tokens },
  TimeRange: { start_time: "time", end_time: "time" },
  Pagination: paged,
  ConceptQuery: {
    name: "string",
    language: "string",
    ignore_app_concepts: "any",
    workflow_id: "any",
    use_cases: "any",
    model: "any",
    workflow: "any",
  },

  BulkOperation: {
    ...{ id: "string", input_ids: "InputIDs", search: "Search", dataset: "Dataset", annotation_search: "Search" },
    ...{ operation: "Operation", app_id: "any", status: "any", progress: "any", created_by: "any" },
    ...{ created_at: "any", last_modified_at: "any" },
  },
  InputIDs: { input_ids: "string[]" },
  Operation: {
    ...{ add_concepts: "WithConcepts", delete_concepts: "DeleteConcepts", add_metadata: "WithMetadata" },
    ...{ delete_metadata: "WithMetadata", overwrite_geo: "WithGeo", delete_geo: "Nothing" },
    ...{ add_to_dataset: "WithDataset", delete_from_dataset: "WithDataset", split_into_datasets: "Splits" },
    delete_annotations: "Nothing",
  },
  WithConcepts: { concepts: "Concept[]" },
  DeleteConcepts: { concepts: "Concept[]", user_ids: "string[]" },
  WithMetadata: { metadata: "json" },
  WithGeo: { geo: "Geo" },
  WithDataset: { dataset_id: "string" },
  Splits: { dataset_splits: "any", method: "any" },
  Nothing: {},

  // Requests, by what is particular to them; each may name its app.
  PostInputs: {
    inputs: "Input[]",
    inputs_add_job_id: "string",
    input_id_conflict_resolution: "ConflictResolution",
  },
  PostArchives: { inputs_uploads: "any", data_sources: "any", call_back_url: "any", app_pat: "any" },
  ListInputs: { ...paged, ids: "string[]", status: "Status" },
  StreamInputs: { per_page: "int", last_id: "string", order_by_id: "bool", descending: "bool" },
  PatchInputs: { inputs: "Input[]", action: "string" },
  PostAnnotations: { annotations: "Annotation[]" },
  ListAnnotations: {
    ...{ ...paged, ids: "string[]", input_ids: "string[]", user_ids: "string[]", model_version_ids: "string[]" },
    ...{ workflow_version_ids: "string[]", statuses: "Status[]", list_all_annotations: "bool" },
    ...{ return_model_output: "bool", task_id: "string" },
  },
  PatchAnnotations: { annotations: "Annotation[]", action: "string", delete_if_empty_data: "bool" },
  DeletePairs: { ids: "string[]", input_ids: "string[]" },
  PostConcepts: { concepts: "Concept[]" },
  ListConcepts: { ...paged, id: "string" },
  PatchConcepts: { concepts: "Concept[]", action: "string" },
  SearchConcepts: { concept_query: "ConceptQuery", pagination: "Pagination", extra_info: "any" },
  ListDatasets: {
    ...{ ...paged, search: "string", id: "string", additional_fields: "string[]", sort_ascending: "bool" },
    ...{ sort_by_created_at: "bool", sort_by_star_count: "bool", sort_by_modified_at: "bool", sort_by_id: "bool" },
    ...{ sort_by_relevance: "bool", starred_only: "bool", bookmark: "bool" },
  },
  PostDatasets: { datasets: "Dataset[]" },
  PatchDatasets: { datasets: "Dataset[]", action: "string" },
  DeleteDatasets: { dataset_ids: "string[]" },
  PostDatasetInputs: { dataset_id: "any", dataset_inputs: "DatasetInput[]", search: "Search" },
  DeleteDatasetInputs: { dataset_id: "any", input_ids: "string[]" },
  SearchInputs: { searches: "Search[]", pagination: "Pagination", only_count: "bool" },
  SearchAnnotations: { searches: "Search[]", pagination: "Pagination" },
  PostSearches: { searches: "Search[]", pagination: "Pagination", query: "Query" },
  PostBulkOperations: { bulk_operations: "BulkOperation[]" },
  ByIds: { ids: "string[]" },
  Paged: paged,
  PostApps: { apps: "App[]" },
  PatchApps: { apps: "App[]", action: "string", metadata_action: "any", reindex: "bool" },
  ListApps: {
    ...{ ...paged, additional_fields: "string[]", search: "string", query: "string", name: "string", id: "string" },
    ...{ sort_ascending: "bool", sort_by_name: "bool", sort_by_modified_at: "bool", sort_by_created_at: "bool" },
    ...{ sort_by_star_count: "bool", sort_by_id: "bool", sort_by_relevance: "bool", featured_only: "bool" },
    ...{ starred_only: "bool", template_only: "bool", visibility: "Visibility" },
  },
  ListMembers: { ...paged, dataset_id: "any" },
  // What the path names wins over what the body says.
  ByPath: {
    ...{ id: "any", input_id: "any", annotation_id: "any", concept_id: "any", dataset_id: "any" },
    additional_fields: "string[]",
  },
};
