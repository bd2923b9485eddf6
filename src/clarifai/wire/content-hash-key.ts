/** Metadata key of the content hash that an upload writes, so that a later lookup can recognize the content. */
export const contentHashKey = "sluice_fingerprint";
