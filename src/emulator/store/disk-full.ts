/** A disk that takes no more: what the emulator answers then. */

import { codeOf } from "../../core/errors.js";

const codes = /^(?:ENOSPC|EDQUOT|EFBIG|EROFS|EIO|SQLITE_FULL|SQLITE_READONLY\w*|SQLITE_IOERR\w*|SQLITE_CANTOPEN\w*)$/;

/** The status of requests that nothing can be stored for; they succeed as soon as there is space again. */
export const storageFull = { code: 98013, httpStatus: 507 } as const;

/** Whether an error of a file or of the database says that the disk takes no more, or cannot be written at all. */
export function isDiskFull(error: unknown): boolean {
  return codes.test(codeOf(error, ""));
}

/** The text of a refusal for that reason. */
export function diskFullText(error: unknown): string {
  const { message } = error as Error;
  return `the disk of the emulator's data folder takes no more, so nothing is stored: ${message}; make space there, and send it again`;
}
