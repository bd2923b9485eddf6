/** The manifest of a download folder: its name, and the beginning of its lines. */

/** Name of the file in the folder. */
export const manifestName = "manifest.jsonl";

/** Version of the format. Every line begins with it. */
export const manifestVersion = 1;

/** The beginning of every line. */
export const manifestStart = `{"manifest":${manifestVersion},`;
