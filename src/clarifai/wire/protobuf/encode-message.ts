/** Encodes inputs as protobuf messages of the API, with a gap for the bytes of the file. */

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type Content, type GeoPoint, type Input, type MediaKind, mediaOf } from "../../../core/input/input.js";
import { contentHashKey } from "../content-hash-key.js";
import { contentHashLength, type SizedInput, wireConcept } from "../encode-input.js";
import { writeString, writeStruct } from "./encode-struct.js";
import { protoFields } from "./fields.js";

const fields = protoFields;
const { LengthDelimited, Varint, Bit32 } = WireType;

/** An input as a field of PostInputsRequest, in pieces: `head`, bytes of the media, `tail`, content hash. */
export interface EncodedMessage extends SizedInput {
  head: Uint8Array;
  tail: Uint8Array;
  /** The content that is sent between head and tail. */
  media?: Content | undefined;
  /** The encoded input. */
  input: Input;
}

/** The entry of the content hash in the metadata, without the hash itself, which ends the input. */
const hashEntry = hashEntryHead();

/**
 * Encodes an input for `PostInputs`. It computes the lengths of all messages without reading the file, so the file's `sizeBytes` must be known.
 *
 * @throws {InputError} ERR_METADATA, ERR_TEXT_ENCODING
 */
export function encodeMessage(input: Input): EncodedMessage {
  const media = mediaOf(input);
  const content = media && !("url" in media.content) ? media.content : undefined;
  const mediaBytes =
    content === undefined ? 0 : "bytes" in content ? content.bytes.byteLength : (content.sizeBytes ?? 0);
  const mediaHead = media ? mediaStart(media.kind, media.content, mediaBytes) : none;
  const rest = otherFields(input);
  const dataBytes = mediaHead.length + mediaBytes + rest.length + contentHashLength;

  const start = new BinaryWriter();
  writeString(start, fields.Input.id, input.id);
  for (const id of input.datasets) writeString(start, fields.Input.datasetIds, id);
  const named = start.tag(fields.Input.data, LengthDelimited).uint32(dataBytes).finish();
  const head = new BinaryWriter()
    .tag(fields.PostInputsRequest.inputs, LengthDelimited)
    .uint32(named.length + dataBytes)
    .raw(named)
    .raw(mediaHead);
  const tail = content ? rest : none;
  const whole = (content ? head : head.raw(rest)).finish();
  const bytes = whole.length + mediaBytes + tail.length + contentHashLength;
  return { head: whole, tail, ...(content ? { media: content } : {}), input, mediaBytes, bytes };
}

const none = new Uint8Array(0);

/** Encodes the media up to the bytes of its file, or with its address. */
function mediaStart(kind: MediaKind, content: Content, mediaBytes: number): Uint8Array {
  const inner = new BinaryWriter();
  const { url, base64, allowDuplicateUrl } = fields.Media;
  if ("url" in content) {
    writeString(inner, url, content.url);
    inner.tag(allowDuplicateUrl, Varint).bool(true);
  } else inner.tag(base64, LengthDelimited).uint32(mediaBytes);
  const encoded = inner.finish();
  return new BinaryWriter()
    .tag(fields.Data[kind], LengthDelimited)
    .uint32(encoded.length + mediaBytes)
    .raw(encoded)
    .finish();
}

/** Encodes all fields of the data but the media, up to the content hash, which comes last. */
function otherFields(input: Input): Uint8Array {
  const writer = new BinaryWriter();
  const { Data, Text, Concept } = fields;
  if (input.text !== undefined) {
    writer.tag(Data.text, LengthDelimited).fork();
    writeString(writer, Text.raw, input.text);
    writer.join();
  } else if (input.textUrl !== undefined) {
    writer.tag(Data.text, LengthDelimited).fork();
    writeString(writer, Text.url, input.textUrl);
    writer.tag(Text.allowDuplicateUrl, Varint).bool(true).join();
  }
  for (const { id, name, value } of input.concepts.map(wireConcept)) {
    writer.tag(Data.concepts, LengthDelimited).fork();
    writeString(writer, Concept.id, id);
    writeString(writer, Concept.name, name);
    writer.tag(Concept.value, Bit32).float(value).join();
  }
  if (input.geo) writeGeo(writer, input.geo);
  const metadata = new BinaryWriter();
  writeStruct(metadata, input.metadata);
  const encoded = metadata.finish();
  return writer
    .tag(Data.metadata, LengthDelimited)
    .uint32(encoded.length + hashEntry.length + contentHashLength)
    .raw(encoded)
    .raw(hashEntry)
    .finish();
}

function writeGeo(writer: BinaryWriter, { longitude, latitude }: GeoPoint): void {
  const { Data, Geo, GeoPoint } = fields;
  writer.tag(Data.geo, LengthDelimited).fork().tag(Geo.geoPoint, LengthDelimited).fork();
  writer.tag(GeoPoint.longitude, Bit32).float(longitude);
  writer.tag(GeoPoint.latitude, Bit32).float(latitude).join().join();
}

function hashEntryHead(): Uint8Array {
  const { Struct, MapEntry, Value } = fields;
  const value = new BinaryWriter().tag(Value.stringValue, LengthDelimited).uint32(contentHashLength).finish();
  const valueBytes = value.length + contentHashLength;
  const entry = new BinaryWriter().tag(MapEntry.key, LengthDelimited).string(contentHashKey);
  const head = entry.tag(MapEntry.value, LengthDelimited).uint32(valueBytes).raw(value).finish();
  return new BinaryWriter()
    .tag(Struct.fields, LengthDelimited)
    .uint32(head.length + contentHashLength)
    .raw(head)
    .finish();
}
