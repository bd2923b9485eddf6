/** The messages between the gallery's server and its page. */

import type { Kind } from "../../core/input/kinds.js";

/** The state of an input, derived from its status code. */
export type State = "ready" | "waiting" | "failed";

/** Orders of the listing. */
export const sorts = ["newest", "oldest", "name", "size", "annotations"] as const;
export type Sort = (typeof sorts)[number];

/** The answer of `POST /gallery/session`. */
export interface SessionShape {
  /** Sent with every request in the header `x-sluice-session`. */
  session: string;
  /** Sent in the addresses of pictures and media. It authorizes nothing else. */
  access: string;
}

export interface AppShape {
  key: number;
  user: string;
  id: string;
}

/** A region of an image. Coordinates are shares of the width and height of the stored image. */
export interface RegionShape {
  /** Left, top, right, bottom. */
  box?: [number, number, number, number];
  /** Pairs of x and y. */
  polygon?: [number, number][];
  /** x and y. */
  point?: [number, number];
  /** A mask as base64 of a PNG. Only small ones are in tiles. */
  mask?: string;
  concepts: string[];
}

/** An annotation that is named and not drawn: a span, a frame, a time segment, or a mask with an address. */
export interface PartShape {
  /** Where it is, such as `frame at 1.5 s`. */
  text: string;
  concepts: string[];
}

/** One input in the grid. */
export interface ItemShape {
  seq: number;
  id: string;
  /** The file name in the metadata or in the URL. */
  name?: string;
  kind: Kind;
  code: number;
  state: State;
  /** Description of the code. */
  status: string;
  /** Details of the status. */
  details?: string;
  /** SHA-256 of the content, if it can be shown. */
  sha256?: string;
  /** The beginning of a text. */
  text?: string;
  /** Size of the content. 0 for a text that was sent without a file. */
  sizeBytes: number;
  /** Width and height of the stored image, before its EXIF rotation. */
  size?: [number, number];
  concepts: string[];
  regions: RegionShape[];
}

export interface PageShape {
  items: ItemShape[];
  /** The newest input of the listing. Inputs that were added later are not in its pages. */
  top: number;
  /** Number of inputs that match the filters, up to `top`. Missing in a page that was requested with `after`. */
  total?: number;
}

/** The numbers of inputs in a part of a listing. */
export interface SeqsShape {
  seqs: number[];
}

/** Images that look like another one, the most similar first. */
export interface SimilarShape {
  items: { item: ItemShape; distance: number }[];
  /** Number of images within the distance; more than items if there are many. */
  total: number;
  /** Number of inputs whose image was not compared yet. */
  remaining: number;
  /** The image cannot be decoded, or has hardly any detail, so nothing is compared with it. */
  hasNoDetail?: true;
}

/** Numbers of inputs by value. */
export interface CountsShape {
  kinds: { kind: Kind; count: number }[];
  statuses: { code: number; text: string; state: State; count: number }[];
  datasets: { id: string; count: number }[];
  concepts: { id: string; name: string; count: number }[];
}

/** The counts of all inputs of the app. */
export interface FacetsShape extends CountsShape {
  total: number;
  /** Metadata keys. The keys of nested objects follow a dot. */
  keys: string[];
}

export interface ChangesShape {
  /** Changes when a row of the store changes. */
  version: number;
  newest: number;
  /** Number of inputs whose concepts, metadata and locations are not indexed yet. */
  indexing: number;
}

export interface LocationsShape {
  /** Triples of input, longitude and latitude. */
  points: [number, number, number][];
}

/** The complete record of one input. */
export interface RecordShape {
  item: ItemShape;
  /** The input as the API returns it, with its datasets and annotations. Long texts are shortened. */
  record: Record<string, unknown>;
  /** The beginning of a text. */
  text?: string;
  /** Whether the complete text is longer than this excerpt. */
  isTextCut?: true;
  datasets: string[];
  parts: PartShape[];
  location?: { longitude: number; latitude: number };
}
