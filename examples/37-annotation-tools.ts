/** Reads exports of LabelMe, CVAT and Label Studio, and writes them as one Pascal VOC dataset. */

import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cvat, flow, labelMe, labelStudio, writeVoc } from "sluice";

const home = mkdtempSync(join(tmpdir(), "sluice-tools-"));
for (const [folder, image] of Object.entries({ labelme: "quay", cvat: "cranes", studio: "lighthouse" })) {
  cpSync(join(import.meta.dirname, `data/harbour/${image}.jpg`), join(home, folder, `${image}.jpg`));
}
const corners = [
  [64, 42],
  [128, 42],
  [128, 84],
];
const shape = { label: "sail", shape_type: "polygon", points: corners, group_id: null, flags: {} };
const file = { version: "5.1.1", flags: {}, shapes: [shape], imagePath: "quay.jpg", imageData: null };
writeFileSync(join(home, "labelme/quay.json"), JSON.stringify(file));
writeFileSync(
  join(home, "cvat/annotations.xml"),
  `<annotations><version>1.1</version>
<image id="0" name="cranes.jpg"><box label="crane" xtl="10.00" ytl="20.00" xbr="90.00" ybr="60.00" rotation="30.00"/></image>
</annotations>`,
);
const value = { x: 40, y: 10, width: 20, height: 60, rotation: 0, rectanglelabels: ["tower"] };
const result = [{ id: "r1", type: "rectanglelabels", from_name: "label", to_name: "image", value }];
writeFileSync(
  join(home, "studio/export.json"),
  JSON.stringify([{ id: 1, data: { image: "lighthouse.jpg" }, annotations: [{ result }] }]),
);

const sources = [
  labelMe(join(home, "labelme")),
  cvat(join(home, "cvat")),
  labelStudio(join(home, "studio/export.json")),
];
let exitCode = 0;
for (const source of sources) {
  const report = await flow(source)
    .pipe(writeVoc(join(home, "voc")))
    .run();
  console.log(`${source.name}: ${report.summary()}`);
  exitCode ||= report.exitCode;
}
console.log(readFileSync(join(home, "voc/Annotations/lighthouse.xml"), "utf8").match(/<xmin>.*<\/xmin>/)?.[0]);
process.exitCode = exitCode;
