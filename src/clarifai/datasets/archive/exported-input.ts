/** Makes drafts of the inputs in exports. */

import type { Annotation, InputDraft } from "../../../core/input/input.js";
import { isEmpty, isObject, type JsonObject } from "../../../core/util/json/json-values.js";
import { omit } from "../../../core/util/omit.js";
import { annotationFromWire, plainAnnotation } from "../../wire/annotations.js";
import { inputFromWire, wireInput } from "../../wire/decode-answers.js";

/** Fields of the data that belong to the input itself. */
const ownFields = ["image", "video", "audio", "text", "concepts", "metadata", "geo"] as const;
/** Lists of the data whose items are one annotation each. */
const drawn = ["regions", "frames", "time_segments", "tracks"] as const;

/** Makes a draft of an input in the form of the API. Its contents are URLs. Data that the input model does not have become annotations, unchanged. */
export function draftOf(value: JsonObject): InputDraft {
  const wire = wireInput(value);
  const draft = { ...inputFromWire(wire), annotations: annotationsIn(omit(wire.data as JsonObject, [...ownFields])) };
  return draft as InputDraft;
}

/** Makes annotations of the regions, frames, time segments and tracks of an input, one of each; what remains of the data is one more. */
export function annotationsIn(data: JsonObject): Annotation[] {
  const lists = drawn.flatMap((name) => {
    const list = data[name];
    return Array.isArray(list) ? list.map((item) => ({ [name]: [item] })) : [];
  });
  const rest = omit(
    data,
    drawn.filter((name) => Array.isArray(data[name])),
  );
  const parts: JsonObject[] = isEmpty(rest) ? lists : [...lists, rest];
  // The export joins the annotations of an input and leaves out their ids; the ids of regions are kept.
  return parts.map(
    (part) => omit(plainAnnotation(annotationFromWire({ data: withRegionIds(part) })), ["id"]) as Annotation,
  );
}

/** Drops the ids of regions, which the server makes anew for each annotation, unless a track or another field refers to them. */
function withRegionIds(part: JsonObject): JsonObject {
  const [region] = Array.isArray(part.regions) ? part.regions : [];
  if (!isObject(region) || region.track_id !== undefined) return part;
  return { regions: [omit(region, ["id"])] };
}
