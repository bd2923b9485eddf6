/** Inputs as the gallery shows them: tiles of the grid, and the complete record of one input. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { shorten } from "../../core/util/format/shorten.js";
import type { JsonObject } from "../../core/util/json/json-values.js";
import type { MediaFiles } from "../media/media-files.js";
import type { AnnotationRow, AppRow, Fields, InputRow, Region } from "../store/model.js";
import type { Store } from "../store/store.js";
import { objectIn } from "../wire/lenient-json.js";
import { type OutgoingContext, outgoingAnnotation, outgoingInput } from "../wire/outgoing.js";
import { status } from "../wire/status.js";
import { type NamedRow, nameColumns, nameOf } from "./names.js";
import { partIn, regionIn, shapeOf } from "./regions.js";
import type { ItemShape, RecordShape, State } from "./shapes.js";
import { beginningOfFile, beginningOfText } from "./text-starts.js";

/** Limits of a tile. */
const maxRegions = 20;
const maxTileConcepts = 8;
/** Characters of the longest mask in a tile. */
const maxTileMask = 20_000;
const excerptLength = 280;
/** Limits of a record. */
const maxAnnotations = 500;
const maxTextLength = 100_000;

type TileRow = Pick<InputRow, "seq" | "id" | "kind" | "status" | "details" | "sha256" | "size_bytes"> &
  NamedRow & {
    concepts: string | null;
    /** Size of a stored image. */
    width: number | null;
    height: number | null;
    /** The beginning of the JSON of a text. */
    start: string | null;
  };

/** Returns the state of an input by its status code. */
export function stateOf(code: number): State {
  if (code === statusCodes.INPUT_SUCCESS) return "ready";
  return code === statusCodes.INPUT_PENDING || code === statusCodes.INPUT_IN_PROGRESS ? "waiting" : "failed";
}

/** Returns the tiles of inputs in this order, without inputs that were deleted in the meantime. */
export function itemsOf(store: Store, files: MediaFiles, app: AppRow, seqs: readonly number[]): ItemShape[] {
  const sql = `SELECT i.seq, i.id, i.kind, i.status, i.details, i.sha256, i.size_bytes, ${nameColumns}, json_extract(i.fields, '$.concepts') AS concepts,
    CASE i.kind WHEN 'image' THEN json_extract(i.media, '$.image.image_info.width') END AS width,
    CASE i.kind WHEN 'image' THEN json_extract(i.media, '$.image.image_info.height') END AS height,
    CASE i.kind WHEN 'text' THEN substr(i.media, 1, 1500) END AS start
    FROM json_each(?) s CROSS JOIN inputs i ON i.seq = s.value WHERE i.app = ?`;
  return store.all<TileRow>(sql, JSON.stringify(seqs), app.seq).map((row) => tileOf(store, files, app, row));
}

function tileOf(store: Store, files: MediaFiles, app: AppRow, row: TileRow): ItemShape {
  const { seq, id, kind, details, sha256, width, height } = row;
  const { description } = status(row.status);
  const names = store.names(app.seq);
  const regions = regionsOf(store, app, id);
  const concepts = (JSON.parse(row.concepts ?? "[]") as { id: string; value: number }[]).filter(
    ({ value }) => value > 0,
  );
  const text = kind === "text" ? beginningOfText(row, files, excerptLength) : undefined;
  const name = nameOf(row);
  return {
    seq,
    id,
    ...(name === undefined ? {} : { name }),
    kind,
    code: row.status,
    state: stateOf(row.status),
    status: description,
    ...(details === null ? {} : { details }),
    ...(sha256 !== null && row.status === statusCodes.INPUT_SUCCESS ? { sha256 } : {}),
    ...(text === undefined ? {} : { text }),
    sizeBytes: row.size_bytes,
    ...(width && height ? { size: [width, height] } : {}),
    concepts: concepts.slice(0, maxTileConcepts).map((concept) => names.get(concept.id) ?? concept.id),
    regions: regions.map((region) => shapeOf(region, names)),
  };
}

/** Returns the complete record of an input. Undefined: it does not exist. */
export function recordOf(
  store: Store,
  files: MediaFiles,
  context: OutgoingContext,
  seq: number,
): RecordShape | undefined {
  const { app } = context;
  const row = store.get<InputRow>("SELECT * FROM inputs WHERE seq = ? AND app = ?", seq, app.seq);
  const [item] = itemsOf(store, files, app, [seq]);
  if (!row || !item) return undefined;
  const input = outgoingInput(row, context);
  const text = takeText(
    input,
    row.kind === "text" && row.sha256 !== null
      ? beginningOfFile(files.pathOf(row.sha256), maxTextLength + 4)
      : undefined,
  );
  const annotations = store.all<AnnotationRow>(
    "SELECT * FROM annotations WHERE app = ? AND input_id = ? AND level = 0 ORDER BY seq LIMIT ?",
    ...[app.seq, row.id, maxAnnotations],
  );
  const sql = "SELECT dataset FROM dataset_inputs WHERE input = ? AND app = ? ORDER BY dataset LIMIT 500";
  const datasets = store.all<{ dataset: string }>(sql, seq, app.seq).map(({ dataset }) => dataset);
  const { geo } = JSON.parse(row.fields) as Fields;
  return {
    item: {
      ...item,
      regions: annotations.flatMap(({ data }) => regionIn(data)).map((one) => shapeOf(one, context.names)),
    },
    record: {
      ...input,
      dataset_ids: datasets,
      annotations: annotations.map((annotation) => outgoingAnnotation(annotation, undefined, context)),
      times_stored: row.times_stored,
      ...(row.job === null ? {} : { inputs_add_job_id: row.job }),
    },
    ...text,
    datasets,
    parts: annotations.flatMap((annotation) => partIn(annotation.data, context.names)),
    ...(geo ? { location: geo.geo_point } : {}),
  };
}

/** Returns the text of an input up to the limit, and shortens a longer text in the record itself. */
function takeText({ data }: JsonObject, hosted: string | undefined): Pick<RecordShape, "text" | "isTextCut"> {
  const medium = objectIn(objectIn(data).text);
  const raw = typeof medium.raw === "string" ? medium.raw : hosted;
  if (raw === undefined) return {};
  if (raw.length <= maxTextLength) return { text: raw };
  if (medium.raw !== undefined) medium.raw = shorten(raw, excerptLength);
  return { text: raw.slice(0, maxTextLength), isTextCut: true };
}

function regionsOf(store: Store, app: AppRow, inputId: string): Region[] {
  // An annotation with a large mask would make a tile slow.
  const sql =
    "SELECT data FROM annotations WHERE app = ? AND input_id = ? AND level = 0 AND length(data) < ? ORDER BY seq LIMIT ?";
  return store
    .all<{ data: string }>(sql, app.seq, inputId, maxTileMask, maxRegions)
    .flatMap(({ data }) => regionIn(data));
}
