/** Opens the data folder of an emulator: creates and locks it, and explains what is wrong if it cannot be used. */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeError, FlowError } from "../../core/errors.js";
import { makeFolder } from "../../core/files/make-folder.js";
import { checkMedia, type FolderCheck } from "../media/media-check.js";
import { MediaFiles } from "../media/media-files.js";
import { lockFile } from "./driver.js";
import { Store } from "./store.js";

export type { FolderCheck };

/** An open data folder. `close` releases the lock. */
export interface DataFolder {
  store: Store;
  files: MediaFiles;
  checked: FolderCheck;
  /** Writes the address of the emulator beside the lock, for other processes that find the folder in use. */
  publishAddress(url: string): void;
  close(): void;
}

/**
 * Opens a data folder. One process at a time can have it open: two would process each input twice, and delete the files that the other receives.
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
    rmSync(address, { force: true }); // A killed process left this file.
    const close = () => {
      store.close();
      rmSync(address, { force: true });
      release();
    };
    const publishAddress = (url: string) => {
      try {
        writeFileSync(address, url);
      } catch {
        // The disk is full. The error of other processes then lacks the address.
      }
    };
    const files = new MediaFiles(folder);
    return { store, files, checked: checkMedia(store, files), publishAddress, close };
  } catch (error) {
    unlock?.();
    if (error instanceof FlowError) throw error;
    const text = `the emulator cannot use the data folder ${folder}: ${describeError(error)}`;
    throw new FlowError("ERR_STORE_UNUSABLE", text, { cause: error });
  }
}

function addressIn(folder: string): string {
  return join(folder, "lock-address");
}

function inUse(folder: string): FlowError {
  let nextStep = 'to share it, stop that process, run "sluice emulator" and set CLARIFAI_API_BASE to its address';
  try {
    nextStep = `to share it, set CLARIFAI_API_BASE=${readFileSync(addressIn(folder), "utf8")}`;
  } catch {
    // The emulator runs inside a program and has published no address, because only that program has its key.
  }
  const text = `the emulator's data folder ${folder} is in use by another process; ${nextStep}`;
  return new FlowError("ERR_STORE_IN_USE", text, { retryable: true });
}
