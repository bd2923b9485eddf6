/** The folder of a store: made, locked and opened, with errors that say what is wrong with it. */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeError, FlowError } from "../../core/errors.js";
import { makeFolder } from "../../core/files/make-folder.js";
import { checkMedia, type FolderCheck } from "../media/media-check.js";
import { MediaFiles } from "../media/media-files.js";
import { lockFile } from "./driver.js";
import { Store } from "./store.js";

export type { FolderCheck };

/** What is in the folder; `close` gives the folder free. */
export interface DataFolder {
  store: Store;
  files: MediaFiles;
  checked: FolderCheck;
  /** Leaves word of where the store listens, for those who find the folder in use. */
  tellAddress(url: string): void;
  close(): void;
}

/**
 * Opens the folder of a store. One store has it at a time, for as long as its process lives: two would process each input twice, and delete what
 * the other is just receiving.
 *
 * @throws {FlowError} ERR_STORE_IN_USE, ERR_STORE_UNUSABLE
 */
export function openDataFolder(folder: string): DataFolder {
  let unlock: (() => void) | undefined;
  try {
    makeFolder(folder);
    unlock = lockFile(join(folder, "lock"));
    if (!unlock) throw inUse(folder);
    const release = unlock;
    const store = new Store(folder);
    const address = addressIn(folder);
    rmSync(address, { force: true }); // of one that was killed
    const close = () => {
      store.close();
      rmSync(address, { force: true });
      release();
    };
    const tellAddress = (url: string) => {
      try {
        writeFileSync(address, url);
      } catch {
        // on a full disk, who finds the folder in use is told so without the address
      }
    };
    const files = new MediaFiles(folder);
    return { store, files, checked: checkMedia(store, files), tellAddress, close };
  } catch (error) {
    unlock?.();
    if (error instanceof FlowError) throw error;
    const text = `the folder ${folder} cannot be used for the embedded store: ${describeError(error)}`;
    throw new FlowError("ERR_STORE_UNUSABLE", text, { cause: error });
  }
}

function addressIn(folder: string): string {
  return join(folder, "lock-address");
}

function inUse(folder: string): FlowError {
  let share = 'to share it, stop that, run "sluice emulator" and set CLARIFAI_API_BASE to its address';
  try {
    share = `to share it, set CLARIFAI_API_BASE=${readFileSync(addressIn(folder), "utf8")}`;
  } catch {
    // it is inside of a program, which alone has its key
  }
  const text = `the embedded store in ${folder} is in use by another process; ${share}`;
  return new FlowError("ERR_STORE_IN_USE", text, { retryable: true });
}
