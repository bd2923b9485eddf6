/** Detects a full or unwritable disk, and words the answer. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { codeOf } from "../../core/errors.js";

const codes = /^(?:ENOSPC|EDQUOT|EFBIG|EROFS|EIO|SQLITE_FULL|SQLITE_READONLY\w*|SQLITE_IOERR\w*|SQLITE_CANTOPEN\w*)$/;

/** The status of requests that cannot be stored. They succeed when the disk has space again. */
export const storageFull = { code: statusCodes.INTERNAL_REDIS_UNAVAILABLE, httpStatus: 507 } as const;

/** Whether an error of a file or of the database means that the disk is full or cannot be written. */
export function isDiskFull(error: unknown): boolean {
  return codes.test(codeOf(error, ""));
}

/** Returns the text of such a refusal. */
export function diskFullText(error: unknown): string {
  const { message } = error as Error;
  return `the disk of the emulator's data folder is full or cannot be written, so nothing was stored: ${message}; make space and send the request again`;
}
