/** What the gallery's server and its page say to each other. */

export type Kind = "image" | "video" | "audio" | "text";
/** What an input's status comes down to. */
export type State = "ready" | "waiting" | "failed";

/** What `POST /gallery/session` gives. */
export interface SessionShape {
  /** Goes along with every request, in the header `x-sluice-session`. */
  session: string;
  /** Goes along in the addresses of pictures and media, and opens nothing else. */
  access: string;
}

export interface AppShape {
  key: number;
  user: string;
  id: string;
}

/** Something drawn on an image, in shares of its width and height as it is stored. */
export interface RegionShape {
  /** Left, top, right, bottom. */
  box?: [number, number, number, number];
  /** Pairs of x and y. */
  polygon?: [number, number][];
  concepts: string[];
}

/** One input in the grid. */
export interface ItemShape {
  seq: number;
  id: string;
  kind: Kind;
  code: number;
  state: State;
  /** What the code means. */
  status: string;
  /** What the store says beyond it. */
  details?: string;
  /** Content that can be shown. */
  sha256?: string;
  /** How a text begins. */
  text?: string;
  /** Of its content; 0 for a text that came without a file. */
  sizeBytes: number;
  /** Width and height of an image as it is stored, which EXIF may turn. */
  size?: [number, number];
  concepts: string[];
  regions: RegionShape[];
}

export interface PageShape {
  items: ItemShape[];
  /** The newest input that counts; what came later is not in these pages. */
  top: number;
  /** Inputs that the filters let through, up to `top`; not with a page that follows another. */
  total?: number;
}

export interface FacetsShape {
  total: number;
  kinds: { kind: Kind; count: number }[];
  statuses: { code: number; text: string; state: State; count: number }[];
  datasets: { id: string; count: number }[];
  concepts: { id: string; name: string; count: number }[];
  /** Keys of metadata; those of inner objects after a dot. */
  keys: string[];
}

export interface ChangesShape {
  /** Another number when something changed. */
  version: number;
  newest: number;
  /** Inputs whose concepts, metadata and places are not looked at yet. */
  indexing: number;
}

export interface PlacesShape {
  /** Triples of input, longitude and latitude. */
  points: [number, number, number][];
}

/** All that there is of one input. */
export interface RecordShape {
  item: ItemShape;
  /** The input as the API shows it, long texts cut, with datasets and annotations. */
  record: Record<string, unknown>;
  /** The beginning of a text. */
  text?: string;
  /** The text goes on. */
  textIsCut?: true;
  datasets: string[];
  place?: { longitude: number; latitude: number };
}
