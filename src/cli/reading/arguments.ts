/** The arguments and options of the command line that say what is read. */

import { type Command, Option } from "commander";
import { kinds } from "../../core/input/kinds.js";
import { regionPolicies } from "../../formats/annotations/region-list.js";
import { columnMap, separator, several, severalOf } from "../common/parsing.js";
import { withShard } from "../common/sharding.js";
import { forms } from "./forms.js";
import { tableForms } from "./options.js";

/** Adds the sources and their options. `argument` says how many sources the command requires. */
export function withReading(command: Command, argument = "<source...>"): Command {
  command
    .argument(
      argument,
      "folders, buckets (s3://bucket/prefix), datasets on the Hugging Face hub (hf://datasets/owner/name), datasets with annotations (COCO, YOLO, VOC, Label Studio, CVAT, LabelMe), zip and tar archives, WebDataset shards, exports of datasets (zip), images, videos, audio files, .md texts, CSV or JSON Lines files, files with one URL a line, or URLs; - is stdin",
    )
    .optionsGroup("What is read:")
    .addOption(
      new Option(
        "--format, --as <form>",
        "read the sources as this form (default: by name and content; required for stdin); texts: one text a line; documents: the texts of Markdown, HTML, DOCX and PDF; export: a dataset that `sluice datasets export` or the vendor's SDK wrote",
      ).choices(forms.map(({ name }) => name)),
    )
    .option(
      "--kind <kind>",
      `only this kind (${kinds.join(", ")}); for URLs, their kind; may be repeated`,
      severalOf(kinds),
    );
  return withShard(withIds(withDatasets(withUrls(withCsv(withHub(withBuckets(withFolders(command))))))));
}

/** Adds the tables that a command reads, and their options. */
export function withTables(command: Command, text: string): Command {
  command.argument("[table...]", text).optionsGroup("The tables:");
  return withCells(
    command.addOption(
      new Option(
        "--format, --as <form>",
        "read the tables as this form (default: by name; required for stdin)",
      ).choices(tableForms),
    ),
  );
}

function withFolders(command: Command): Command {
  return command
    .option(
      "--include <glob>",
      "folders, buckets, archives: only files that match. *.jpg matches at any depth, /*.jpg at the top, raw/ folders; may be repeated",
      several,
    )
    .option(
      "--exclude <glob>",
      "folders, buckets, archives: no files and folders that match, as in gitignore; may be repeated",
      several,
    )
    .option("--pairs", "folders: a.txt beside a.jpg is its caption, a.json its metadata")
    .option("--folder-labels", "folders, buckets, archives: the name of a file's folder becomes its concept")
    .option("--watch", "folders: continue with files that are added or changed, until Ctrl-C or SIGTERM");
}

function withBuckets(command: Command): Command {
  return command
    .option(
      "--endpoint <url>",
      "buckets: address of an S3-compatible service, such as http://localhost:9000 (default: AWS_ENDPOINT_URL_S3, then AWS). Credentials come from the environment or ~/.aws",
    )
    .option("--region <region>", "buckets: their region (default: AWS_REGION, then what the service says)")
    .option("--anonymous", "buckets: send requests without a signature");
}

function withHub(command: Command): Command {
  return command
    .option(
      "--hf-config <name>",
      "datasets on the hub: the config (subset), if there are several. The token comes from HF_TOKEN, or from `hf auth login`",
    )
    .option("--hf-split <name>", "datasets on the hub: only this split");
}

function withCsv(command: Command): Command {
  const column = new Option("--column <what>", 'CSV: content of the column `input` (default: "text")');
  return withCells(command.addOption(column.choices(["text", "url", "file"])));
}

function withCells(command: Command): Command {
  return command
    .option(
      "--delimiter <character>",
      'CSV: character between cells, such as ";" (default: detected in the header)',
      separator,
    )
    .option(
      "--map <field=column>",
      "CSV: the columns of fields, such as id=name,text=body,longitude=x. Fields: id, text, url, image, video, audio, file, concept, concepts, metadata, metadata.KEY, geo, longitude, latitude, dataset; may be repeated",
      columnMap,
    );
}

function withUrls(command: Command): Command {
  return command
    .option("--fetch", "URLs: fetch the content here and send its bytes, instead of letting the platform fetch it")
    .option(
      "--header <header>",
      "URLs: request header for --fetch, `name: value`, or @file with one header a line (other users can see command lines); may be repeated",
      several,
    );
}

function withDatasets(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--invalid <policy>",
        "datasets with annotations: a region over the edge of its image, or without area, fails its image (default), is cut at the edge (clip), or is left out (drop)",
      ).choices(regionPolicies),
    )
    .addOption(
      new Option(
        "--orientation <frame>",
        "datasets with annotations: coordinates are about the image as people see it (upright), or about the pixels as stored (default: that of the format)",
      ).choices(["upright", "stored"]),
    );
}

function withIds(command: Command): Command {
  return command.option(
    "--ids <rule>",
    'what ids are made from. Files: "folder" (default), "path" or "content". URLs: "url" (default), or "content" with --fetch. CSV: a column; JSON Lines: an entry of the metadata; both may be repeated',
    several,
  );
}
