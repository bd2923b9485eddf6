/** Lets the zip library read a remote file. */

import { Readable } from "node:stream";
import type { RemoteFile } from "../remote/range.js";
import { readRemotePart } from "./remote-part.js";

type Callback = (error: Error | null, bytesRead?: number) => void;

/** The parts of the library's reader that its other methods call. */
interface Reader {
  _readStreamForRange(start: number, end: number): Readable;
  read(buffer: Buffer, offset: number, length: number, position: number, callback: Callback): void;
}

/** Makes a reader for the directory of a remote zip. Its small reads come from blocks in memory. */
export async function remoteReader(file: RemoteFile, signal: AbortSignal | undefined): Promise<unknown> {
  const { default: yauzl } = await import("yauzl");
  const Base = (yauzl as unknown as { RandomAccessReader: new () => Reader }).RandomAccessReader;
  const bytesAt = (position: number, length: number) => readRemotePart(file, position, length, signal);
  class RemoteReader extends Base {
    override _readStreamForRange(start: number, end: number): Readable {
      return Readable.from(
        (async function* () {
          yield await bytesAt(start, end - start);
        })(),
      );
    }

    override read(buffer: Buffer, offset: number, length: number, position: number, callback: Callback): void {
      bytesAt(position, length).then(
        (bytes) => callback(null, bytes.copy(buffer, offset)),
        (error: Error) => callback(error),
      );
    }
  }
  return new RemoteReader();
}
