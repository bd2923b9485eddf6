/** Tells remote files from paths, without loading what reads them. */

/** Whether a text names a remote file. */
export function isRemote(text: string): boolean {
  return /^(?:s3|https?):\/\//i.test(text);
}
