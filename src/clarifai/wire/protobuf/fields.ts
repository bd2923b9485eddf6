/** Field numbers of the API's protobuf messages, as far as uploads use them. Source: Clarifai's definition of the service, version 11.11.0. */

/** Fields of a status, on an answer and on each input. */
const status = { code: 1, description: 2, details: 3, reqId: 7 } as const;

/** Field numbers by message. */
export const protoFields = {
  PostInputsRequest: { userAppId: 1, inputs: 2, inputsAddJobId: 3, inputIdConflictResolution: 4 },
  UserAppIDSet: { userId: 1, appId: 2 },
  MultiInputResponse: { status: 1, inputs: 2 },
  Input: { id: 1, data: 2, status: 6, datasetIds: 7 },
  Data: { image: 1, video: 2, concepts: 3, metadata: 5, geo: 6, text: 13, audio: 14 },
  /** An image, a video or an audio. The field `base64` contains the bytes of the file, in spite of its name. */
  Media: { url: 1, base64: 2, allowDuplicateUrl: 4 },
  Text: { raw: 1, url: 2, allowDuplicateUrl: 3 },
  Concept: { id: 1, name: 2, value: 3 },
  Geo: { geoPoint: 1 },
  GeoPoint: { longitude: 1, latitude: 2 },
  Status: status,
  GetStatusCodeRequest: { statusCodeId: 1 },
  SingleStatusCodeResponse: { status: 1 },
  // JSON values, from google/protobuf/struct.proto.
  Struct: { fields: 1 },
  MapEntry: { key: 1, value: 2 },
  Value: { nullValue: 1, numberValue: 2, stringValue: 3, boolValue: 4, structValue: 5, listValue: 6 },
  ListValue: { values: 1 },
} as const;

/** The value of `PostInputsRequest.inputIdConflictResolution` that asks for other ids. */
export const conflictSuffix = 2;
