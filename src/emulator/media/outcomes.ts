/** Outcomes of processing: what is now known of an input, or why it failed. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { describeError } from "../../core/errors.js";
import type { JsonObject } from "../../core/util/json/json-values.js";
import { isDiskFull } from "../store/disk-full.js";
import type { InputRow } from "../store/model.js";
import type { Outcome } from "../store/outcomes.js";
import { textInfo } from "./inspect-media.js";
import type { StoredMedia } from "./media-files.js";
import { ProcessingFailure } from "./processing-failure.js";

/** Returns the outcome of a text that was sent without a file. Earlier versions stored no info with a new text. */
export function processedText(row: InputRow): Outcome {
  if (row.media.includes('"text_info":{'))
    return { row, code: statusCodes.INPUT_SUCCESS, details: null, media: row.media };
  const media = JSON.parse(row.media) as Record<string, JsonObject>;
  return withInfo(row, media, textInfo(media.text));
}

/** Returns the outcome of a processed input. @param info what is now known of its medium */
export function processed(row: InputRow, info: JsonObject, stored?: StoredMedia): Outcome {
  return withInfo(row, JSON.parse(row.media) as Record<string, JsonObject>, info, stored);
}

function withInfo(row: InputRow, media: Record<string, JsonObject>, info: JsonObject, stored?: StoredMedia): Outcome {
  media[row.kind] = { ...media[row.kind], ...info };
  return { row, code: statusCodes.INPUT_SUCCESS, details: null, media: JSON.stringify(media), stored };
}

/** Returns the outcome of an input that cannot be processed. @throws the error if the disk is full: the input is processed again later */
export function failed(row: InputRow, error: unknown, stored?: StoredMedia): Outcome {
  if (isDiskFull(error)) throw error;
  const code = error instanceof ProcessingFailure ? error.code : statusCodes.INPUT_FAILED;
  return { row, code, details: describeError(error), media: row.media, stored };
}
