/** The manifest of a download folder: its name and how its lines begin, for those who write, read and skip it. */

/** Name of the file in the folder. */
export const manifestName = "manifest.jsonl";

/** Version of the format; every line names it first. */
export const manifestVersion = 1;

/** How every line begins. */
export const manifestStart = `{"manifest":${manifestVersion},`;
