/** Converts a dataset of Pascal VOC into an image folder and into tasks of Label Studio, and prints what is lost. */

import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { flow, imageFolder, voc, writeImageFolder, writeLabelStudio } from "sluice";

const home = mkdtempSync(join(tmpdir(), "sluice-voc-"));
const dataset = join(home, "VOC2012");
mkdirSync(join(dataset, "Annotations"), { recursive: true });
cpSync(join(import.meta.dirname, "data/harbour/quay.jpg"), join(dataset, "JPEGImages/quay.jpg"));
writeFileSync(
  join(dataset, "Annotations/quay.xml"),
  `<annotation>
  <filename>quay.jpg</filename>
  <size><width>640</width><height>420</height><depth>3</depth></size>
  <object>
    <name>boat</name>
    <pose>Left</pose>
    <bndbox><xmin>65</xmin><ymin>43</ymin><xmax>128</xmax><ymax>84</ymax></bndbox>
  </object>
</annotation>`,
);

const report = await flow(voc(dataset))
  .pipe(writeLabelStudio(join(home, "review")), writeImageFolder(join(home, "images")))
  .run();
console.log(report.summary());

for (const { metadata, annotations } of await flow(imageFolder(join(home, "images"))).toArray()) {
  for (const { box, concepts } of annotations)
    console.log(`${metadata.filename}: ${concepts[0]?.id} ${JSON.stringify(box)}`);
}
process.exitCode = report.exitCode;
