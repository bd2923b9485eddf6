/** Each row of the tables of docs/guide/from-the-official-sdks.md, done against the emulator. The first cell of a row is the name of its test. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { datasetRows } from "./helpers/sdk-table/dataset-rows.js";
import { inputRows } from "./helpers/sdk-table/input-rows.js";

const page = readFileSync(join(import.meta.dirname, "../docs/guide/from-the-official-sdks.md"), "utf8");
const rows = { ...inputRows, ...datasetRows };

/** The first cells of the rows of the tables, without the marks of code. */
function namesOfRows(): string[] {
  const tables = page.slice(page.indexOf("## Find the call"), page.indexOf("A complete example"));
  const cells = [...tables.matchAll(/^\| (.+?) \|/gm)].map(([, cell = ""]) => cell.replaceAll("`", ""));
  return cells.filter((cell) => cell !== "Python" && !/^-+$/.test(cell));
}

/** Public methods of the Python SDK: `Inputs`, `Dataset` and `Search` in clarifai/client. */
const pythonMethods = {
  Inputs:
    "get_input_from_url get_input_from_file get_input_from_bytes get_image_inputs_from_folder get_text_input get_multimodal_input get_inputs_from_csv get_text_inputs_from_folder get_bbox_proto get_mask_proto get_input upload_from_url upload_from_file upload_from_bytes upload_text upload_inputs patch_inputs upload_annotations patch_annotations patch_concepts delete_inputs delete_annotations download_inputs list_inputs list_annotations",
  Dataset:
    "create_version delete_version list_versions list_inputs upload_dataset retry_upload_from_logs upload_from_csv upload_from_folder get_upload_status merge_dataset archive_zip export",
  Search: "query",
};

/** Returns the public methods of the installed Node.js SDK, as its types declare them. */
function nodeMethods(): string[] {
  const types = readFileSync(join(import.meta.dirname, "../node_modules/clarifai-nodejs/dist/types.d.ts"), "utf8");
  return ["Input", "Dataset", "Search"].flatMap((name) => {
    const [, body = ""] = new RegExp(`^export class ${name} .*?\\{\\n(.*?)^\\}`, "ms").exec(types) ?? [];
    const methods = [...body.matchAll(/^ {4}(?:static )?(\w+)\(/gm)].map(([, method = ""]) => method);
    return methods.filter((method) => method !== "constructor");
  });
}

describe("the table of the official SDKs", () => {
  it("has a test for each row, and a row for each test", () => {
    expect(namesOfRows()).toEqual(Object.keys(rows));
  });

  it("has every public method of the Python SDK", () => {
    const names = namesOfRows().join("\n");
    const objects = { Inputs: "inputs|Inputs", Dataset: "dataset|version", Search: "Search\\(.*\\)" };
    const missing = Object.entries(pythonMethods).flatMap(([name, methods]) =>
      methods
        .split(" ")
        .filter((method) => !new RegExp(`^(${objects[name as keyof typeof objects]})\\.${method}\\(`, "m").test(names)),
    );
    expect(missing).toEqual([]);
  });

  it("has every public method of the Node.js SDK", () => {
    const methods = nodeMethods();
    expect(methods).toEqual(expect.arrayContaining(["getBboxProto", "uploadFromUrl", "uploadFromCSV", "query"]));
    expect(methods.filter((name) => !new RegExp(`(Input|input|dataset|search)\\.${name}\\(`).test(page))).toEqual([]);
  });

  it.each(Object.keys(rows))("%s", { timeout: 30_000 }, (name) => rows[name]?.());
});
