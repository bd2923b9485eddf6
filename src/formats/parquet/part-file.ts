/** A file of a table that is read by parts, wherever it lies. */

/** A file that is read by parts. */
export interface PartFile {
  /** Name for people. */
  name: string;
  /** What the file is in a journal, beside its version. */
  place: string;
  /** The folder's own name and the name of the file, for ids. */
  shortName: string;
  sizeBytes: number;
  /** What changes when the file changes, for journal keys. */
  version: string;
  read(start: number, end: number): Promise<ArrayBuffer>;
  close(): Promise<void>;
}
