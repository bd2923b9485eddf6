/** Clarifai's SDK for Node.js: its bulk upload of a folder of images or a CSV of texts. */

import { createRequire } from "node:module";

const { Input } = createRequire(import.meta.url)("clarifai-nodejs");
const [, , path, base, kind] = process.argv;
const inputs =
  kind === "text"
    ? await Input.getInputsFromCsv({ csvPath: path, inputType: "text", csvType: "raw", labels: false })
    : Input.getImageInputsFromFolder({ folderPath: path });
const app = new Input({ authConfig: { userId: "me", appId: "main", pat: "bench", base } });
await app.bulkUpload({ inputs });
