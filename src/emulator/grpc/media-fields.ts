/** The fields of a request that lead to the bytes of media. */

import type { DescMessage } from "@bufbuild/protobuf";

/** Fields by their numbers: a message with such fields, or the bytes themselves. */
export interface MediaFields extends ReadonlyMap<number, MediaFields | "media"> {}

/** Names of the fields, from the request to the bytes. Other bytes, such as those of a mask, stay in the message. */
const mediaPaths: Readonly<Record<string, string[][]>> = {
  "clarifai.api.PostInputsRequest": ["image", "video", "audio"].map((kind) => ["inputs", "data", kind, "base64"]),
  "clarifai.api.PutUploadContentPartsRequest": [["content_parts", "data"]],
};

/** Returns the fields of a request that lead to media: the content of inputs, and the parts of an upload. */
export function mediaFieldsOf(request: DescMessage): MediaFields {
  return fieldsOn(request, mediaPaths[request.typeName] ?? []);
}

function fieldsOn(message: DescMessage, paths: readonly string[][]): MediaFields {
  const fields = new Map<number, MediaFields | "media">();
  for (const { name, number, message: inner } of message.fields) {
    const rest = paths.filter(([first]) => first === name).map((path) => path.slice(1));
    if (rest.length > 0) fields.set(number, inner ? fieldsOn(inner, rest) : "media");
  }
  return fields;
}
