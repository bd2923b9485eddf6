/** The types of fields, and groups of fields that several messages share. */

/**
 * The fields of a message, each with its type. A type is the name of a scalar, of an enumeration or of a message; `[]` makes it a list.
 *
 * - `!` after a scalar: if the request omits the field, it is read as 0. `=1`: it is read as 1.
 * - "share": a coordinate from 0 to 1. The routes check the range, so that only the one item fails.
 * - "json": a free-form object.
 * - "carried": any JSON, which is stored unchanged.
 * - "any": accepted and ignored. The server fills such a field, or it concerns models.
 * - "unsupported": the API has the field and the emulator does not support it. To ignore it would change the result, so it is refused.
 * - "present": an empty object that selects by its presence.
 */
export type Message = Readonly<Record<string, string>>;

export type Messages = Readonly<Record<string, Message>>;

/** Gives several fields one type. */
export function fields(type: string, names: string): Message {
  return Object.fromEntries(names.split(" ").map((name) => [name, type]));
}

/** Enumerations: a request gives the name or the number. */
export const enums: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  ConflictResolution: { INPUT_ID_CONFLICT_RESOLUTION_NOT_SET: 0, SKIP: 1, SUFFIX: 2 },
  SplitMethod: { NOT_SET: 0, RANDOM_PERCENTAGE_SPLIT: 1 },
  PointVisibility: { NOT_SET: 0, VISIBLE: 1, NOT_VISIBLE: 2, NOT_PRESENT: 3 },
  ExportFormat: { DATASET_VERSION_EXPORT_FORMAT_NOT_SET: 0, CLARIFAI_DATA_PROTOBUF: 1, COCO: 2, CLARIFAI_DATA_JSON: 3 },
  Gettable: { UNKNOWN_VISIBILITY: 0, PRIVATE: 10, ORG: 30, PUBLIC: 50 },
};

export const times = { created_at: "time", modified_at: "time" };
export const timesUnsupported = fields("unsupported", "created_at modified_at");
export const paging = { page: "int", per_page: "int" };
export const media = { image: "Image", video: "Video", audio: "Audio", text: "Text" };
export const labels = { concepts: "Concept[]", metadata: "json", geo: "Geo" };
export const parts = { regions: "Region[]", frames: "Frame[]", time_segments: "TimeSegment[]" };
export const medium = { url: "string", base64: "bytes", allow_duplicate_url: "bool", hosted: "any" };

/** Fields of `Data` that no input of the emulator has. */
export const otherData =
  "tracks embeddings clusters colors hits heatmaps parts ndarray int_value float_value bytes_value bool_value string_value struct_value";
