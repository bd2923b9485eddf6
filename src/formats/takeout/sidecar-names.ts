/** Names of the sidecars that Google Takeout writes for photos and videos. */

const suffix = ".supplemental-metadata";
/** Takeout shortens the name of a sidecar, without `.json`, to 46 characters; some exports to a few more or less. */
const shortened = { least: 44, most: 51 };
/** What Takeout adds to the name of an edited copy, in the languages that we know of. The copy has the sidecar of its original. */
const editedMarks = [
  "edited",
  "effects",
  "bearbeitet",
  "modifié",
  "editado",
  "modificato",
  "bewerkt",
  "edytowane",
  "redigerad",
  "編集済み",
];
const editedCopy = new RegExp(`-(?:${editedMarks.join("|")})(?=(?:\\(\\d+\\))?\\.[^.]+$)`);
const pictureExtensions = ["heic", "HEIC", "jpg", "JPG", "jpeg", "JPEG"];

/**
 * Returns the names that the sidecar of a file may have, without `.json`, in groups: a later group counts only if no earlier one has a sidecar. The names of one
 * group belong to one file.
 */
export function sidecarNames(fileName: string, isVideo: boolean): string[][] {
  const name = fileName.normalize("NFC");
  const original = name.replace(editedCopy, "");
  const groups = [...namesOf(name), ...(original === name ? [] : namesOf(original))];
  // The video of a live photo has the sidecar of its picture.
  const stem = name.replace(/\.[^.]+$/, "");
  if (isVideo) for (const extension of pictureExtensions) groups.push(...namesOf(`${stem}.${extension}`));
  return groups;
}

/** The number of `IMG_1(2).jpg` moves to the end of the sidecar's name: `IMG_1.jpg(2)`, `IMG_1.jpg.supplemental-metadata(2)`. */
function namesOf(name: string): string[][] {
  const match = /^(.+)(\(\d+\))(\.[^.]+)$/.exec(name);
  const moved = match ? [stemsOf(`${match[1]}${match[3]}`).map((stem) => `${stem}${match[2]}`)] : [];
  return [...moved, stemsOf(name)];
}

/** Returns the longest names first. */
function stemsOf(title: string): string[] {
  const full = `${title}${suffix}`;
  const least = Math.min(title.length, shortened.least);
  const stems: string[] = [];
  for (let length = full.length; length >= least; length -= 1) {
    const isPossible = length >= title.length || length <= shortened.most;
    if (isPossible) stems.push(full.slice(0, length));
  }
  return stems;
}
