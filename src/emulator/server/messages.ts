/** The messages of the API that requests are made of: the fields of each, and what a field can hold. */

/**
 * A field is a text, a number, a message of this table or a list of them. `!` marks those that answers show also when they are zero or
 * empty, `=1` one that is 1 when a request does not give it. "share" is a coordinate, whose range the routes check. "json" is a free object,
 * "carried" any JSON that is stored unchanged. "any" is accepted and ignored: the server fills such a field, or it concerns models.
 * "unsupported" is a field of the API that the emulator does not implement, and whose absence would change the result: it is refused.
 * "present" is an empty object that selects by its presence.
 */
export type Message = Readonly<Record<string, string>>;

/** Gives several fields one type. */
function fields(type: string, names: string): Message {
  return Object.fromEntries(names.split(" ").map((name) => [name, type]));
}

/** Names of numbers; requests may give either. */
export const enums: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  ConflictResolution: { INPUT_ID_CONFLICT_RESOLUTION_NOT_SET: 0, SKIP: 1, SUFFIX: 2 },
  PointVisibility: { NOT_SET: 0, VISIBLE: 1, NOT_VISIBLE: 2, NOT_PRESENT: 3 },
  Gettable: { UNKNOWN_VISIBILITY: 0, PRIVATE: 10, ORG: 30, PUBLIC: 50 },
};

const times = { created_at: "time", modified_at: "time" };
const untimed = fields("unsupported", "created_at modified_at");
/** Data that no input of the emulator has, by their names in the definition. */
const otherData =
  "tracks embeddings clusters colors hits heatmaps parts ndarray int_value float_value bytes_value bool_value string_value struct_value";
const paged = { page: "int", per_page: "int" };
const media = { image: "Image", video: "Video", audio: "Audio", text: "Text" };
const labels = { concepts: "Concept[]", metadata: "json", geo: "Geo" };
const parts = { regions: "Region[]", frames: "Frame[]", time_segments: "TimeSegment[]" };
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
  // A concept of its own; where it labels an input, its id, name and value count.
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
  Span: { char_start: "int!", char_end: "int!", raw_text: "string" },
  Frame: { id: "string", frame_info: "FrameInfo", data: "Data" },
  FrameInfo: { index: "int!", time: "int!", number: "int!" },
  TimeSegment: { id: "string", data: "Data", time_info: "TimeInfo" },
  TimeInfo: { num_frames: "int", begin_time: "float", end_time: "float" },

  Dataset: {
    ...{ id: "string", app_id: "string", user_id: "string", description: "string", metadata: "json", notes: "string" },
    ...{ visibility: "Visibility", image: "Image", version: "any", is_starred: "any", star_count: "any", ...times },
    ...{ default_annotation_filter: "unsupported", default_processing_info: "unsupported", bookmark_origin: "any" },
  },
  DatasetVersion: {
    ...{ id: "string", description: "string", metadata: "json", ...times, app_id: "any", user_id: "any" },
    ...fields("any", "dataset_id status metrics export_info visibility request_origin embed_model_version_ids"),
    ...fields("unsupported", "annotation_filter_config model_predict_config processing_info"),
  },
  DatasetInput: { created_at: "time", input: "Input" },
  App: {
    ...{ id: "string", name: "string", user_id: "string", description: "string", metadata: "json", notes: "string" },
    ...{ default_language: "string", visibility: "Visibility", image: "Image", default_workflow_id: "any", ...times },
    ...{ default_workflow: "any", legal_consent_status: "any", sample_ms: "any", data_tier_id: "any" },
    ...{ is_starred: "any", star_count: "any", is_template: "any", extra_info: "any", embeddings_storage: "any" },
  },

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
    ...untimed,
  },
  FilterInputData: {
    ...{ image: "FilterMedium", video: "FilterMedium", audio: "FilterMedium", text: "FilterMedium", ...labels },
    ...fields("unsupported", `regions frames time_segments ${otherData}`),
  },
  // The JavaScript client 2.9 writes an image that is given as a text so.
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
    ...{ input_level: "bool", user_id: "string", worker: "FilterWorker", trusted: "any", ...untimed },
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
    ...{ id: "string", input_id: "string", data: "RankData", model_version_id: "any", ...untimed },
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
    ...untimed,
  },
  AndOutput: {
    ...{ data: "FilterRegionData", input: "RankAnnotationInput" },
    ...fields("unsupported", "id status model created_at prompt_tokens completion_tokens"),
  },
  RankAnnotationInput: {
    ...{ id: "string", data: "RankData", ...untimed },
    ...fields("unsupported", "status dataset_ids settings"),
  },
  TimeRange: { start_time: "time", end_time: "time" },
  Pagination: paged,
  ConceptQuery: {
    ...{ name: "string", language: "any" },
    ...fields("unsupported", "ignore_app_concepts workflow_id use_cases model workflow"),
  },

  BulkOperation: {
    ...{ id: "string", input_ids: "InputIDs", search: "Search", dataset: "Dataset", annotation_search: "unsupported" },
    ...{ operation: "Operation", app_id: "any", status: "any", progress: "any", created_by: "any" },
    ...{ created_at: "any", last_modified_at: "any" },
  },
  InputIDs: { input_ids: "string[]" },
  Operation: {
    ...{ add_concepts: "WithConcepts", delete_concepts: "DeleteConcepts", add_metadata: "WithMetadata" },
    ...{ delete_metadata: "WithMetadata", overwrite_geo: "WithGeo", delete_geo: "Nothing" },
    ...{ add_to_dataset: "WithDataset", delete_from_dataset: "WithDataset", split_into_datasets: "unsupported" },
    delete_annotations: "Nothing",
  },
  WithConcepts: { concepts: "Concept[]" },
  DeleteConcepts: { concepts: "Concept[]", user_ids: "string[]" },
  WithMetadata: { metadata: "json" },
  WithGeo: { geo: "Geo" },
  WithDataset: { dataset_id: "string" },
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
  PostConcepts: { concepts: "NewConcept[]" },
  ListConcepts: { ...paged, id: "string" },
  PatchConcepts: { concepts: "NewConcept[]", action: "string" },
  SearchConcepts: { concept_query: "ConceptQuery", pagination: "Pagination", extra_info: "any" },
  ListDatasets: {
    ...{ ...paged, search: "string", id: "string", additional_fields: "string[]", sort_ascending: "bool" },
    ...{
      sort_by_created_at: "bool",
      sort_by_star_count: "unsupported",
      sort_by_modified_at: "bool",
      sort_by_id: "bool",
    },
    ...{ sort_by_relevance: "unsupported", starred_only: "unsupported", bookmark: "unsupported" },
  },
  PostDatasets: { datasets: "Dataset[]" },
  PatchDatasets: { datasets: "Dataset[]", action: "string" },
  DeleteDatasets: { dataset_ids: "string[]" },
  PostDatasetVersions: { dataset_id: "any", dataset_versions: "DatasetVersion[]" },
  DeleteDatasetVersions: { dataset_id: "any", dataset_version_ids: "string[]" },
  PutDatasetVersionExports: { dataset_id: "any", dataset_version_id: "any", exports: "any" },
  ListDatasetVersions: { ...paged, dataset_id: "any", request_origins: "unsupported" },
  ListDatasetVersionMetrics: {
    ...{ ...paged, dataset_id: "any", dataset_version_id: "any" },
    ...fields("unsupported", "parent_paths types values"),
  },
  PostDatasetInputs: { dataset_id: "any", dataset_inputs: "DatasetInput[]", search: "Search" },
  DeleteDatasetInputs: { dataset_id: "any", input_ids: "string[]" },
  SearchInputs: { searches: "Search[]", pagination: "Pagination", only_count: "bool" },
  SearchAnnotations: { searches: "Search[]", pagination: "Pagination" },
  PostSearches: { searches: "Search[]", pagination: "Pagination", query: "Query" },
  PostBulkOperations: { bulk_operations: "BulkOperation[]" },
  PostSearchesById: { id: "any", pagination: "Pagination" },
  // The first clients delete everything with delete_all, which the definition has no more.
  DeleteInputs: { ids: "string[]", delete_all: "bool" },
  ByIds: { ids: "string[]" },
  Paged: paged,
  PostApps: { apps: "App[]" },
  PatchApps: { apps: "App[]", action: "string", metadata_action: "unsupported", reindex: "any" },
  ListApps: {
    ...{ ...paged, additional_fields: "string[]", search: "string", query: "string", name: "string", id: "string" },
    ...{ sort_ascending: "bool", sort_by_name: "bool", sort_by_created_at: "bool", sort_by_id: "bool" },
    ...fields("unsupported", "sort_by_modified_at sort_by_star_count sort_by_relevance featured_only starred_only"),
    ...fields("unsupported", "template_only visibility"),
  },
  ListMembers: { ...paged, dataset_id: "any" },
  // What the path names wins over what the body says.
  ByPath: {
    ...{ id: "any", input_id: "any", annotation_id: "any", concept_id: "any", dataset_id: "any" },
    ...{ dataset_version_id: "any", additional_fields: "string[]" },
  },
};

/** Messages that select what is found, changed or deleted. To ignore one of their fields would select more, so it is refused in any case. */
export const selecting: ReadonlySet<string> = new Set(
  Object.keys(messages).filter((name) =>
    /^(?:Delete|ByIds|Filter|Rank|And|Query|Search$|TimeRange|BulkOperation|Operation)/.test(name),
  ),
);
