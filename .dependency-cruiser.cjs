/** Layers: imports point down only. The order of the two lists below is the order of the layers, from the top. */

const rule = (name, from, to, comment) => ({ name, severity: "error", comment, from, to });
const folders = (names) => `(?:${names.join("|")})`;

/** Layers of src. A layer imports from itself and from the layers below it. */
const layers = [
  ["cli"],
  ["index\\.ts", "connect\\.ts", "doctor\\.ts", "merge-datasets\\.ts", "undo\\.ts", "deprecated\\.ts"],
  ["jetstream", "testing"],
  ["emulator"],
  ["sources", "transforms", "sinks"],
  ["clarifai", "formats"],
  ["core"],
];

/** Layers of src/core, in the same way. */
const rooms = [
  ["flow"],
  ["progress"],
  ["report"],
  ["journal"],
  ["plugin"],
  ["accounting"],
  ["input"],
  ["content"],
  ["net"],
  ["files"],
  ["shard"],
  ["util"],
  ["errors\\.ts", "redact-urls\\.ts"],
];

const downward = (name, root, list) =>
  list
    .slice(1)
    .map((layer, index) =>
      rule(
        `${name}-${layer.join("-").replaceAll("\\.ts", "")}`,
        { path: `^${root}/${folders(layer)}(?:/|$)` },
        { path: `^${root}/${folders(list.slice(0, index + 1).flat())}(?:/|$)` },
        "A layer imports nothing from a layer above it.",
      ),
    );

module.exports = {
  forbidden: [
    rule("no-cycles", {}, { circular: true }, "A cycle means that two files are one thing, or a third is missing."),
    ...downward("src", "src", layers),
    ...downward("core", "src/core", rooms),
    rule(
      "plugins-stand-apart",
      { path: "^src/(sources|transforms|sinks)/" },
      { path: "^src/(sources|transforms|sinks)/", pathNot: "^src/$1/" },
      "Sources, transforms and sinks do not import each other.",
    ),
    rule(
      "one-plugin-is-one-file",
      { path: "^src/(sources|transforms|sinks)/([^/]+)\\.ts$" },
      { path: "^src/(sources|transforms|sinks)/", pathNot: "^src/$1/$2/" },
      "A plugin imports the files of its own folder, and no other plugin.",
    ),
    rule(
      "formats-know-core-only",
      { path: "^src/formats/" },
      { path: "^src/(?!core/|formats/)" },
      "Codecs are shared by sources, transforms and sinks. They import the core only.",
    ),
    rule(
      "platform-knows-no-plugin",
      { path: "^src/clarifai/" },
      { path: "^src/(?!core/|formats/|clarifai/)|^src/core/flow/" },
      "The platform's client and the parts of its sinks import no plugin and no flow.",
    ),
    rule(
      "jetstream-knows-core-only",
      { path: "^src/jetstream/" },
      { path: "^src/(?!core/|jetstream/)" },
      "Work on many machines imports the core only.",
    ),
    rule(
      "jetstream-is-optional",
      { path: "^src/", pathNot: "^src/(jetstream|cli)/" },
      { path: "^src/jetstream/|@nats-io" },
      "Only the command line loads the client of NATS.",
    ),
    rule(
      "emulator-is-optional",
      { path: "^src/", pathNot: "^src/(emulator|cli)/|^src/connect\\.ts|^src/testing/" },
      { path: "^src/emulator/" },
      "Only connect and the command line start the emulator.",
    ),
    rule(
      "emulator-knows-no-plugin",
      { path: "^src/emulator/" },
      { path: "^src/(?!core/|emulator/|clarifai/limits\\.ts|clarifai/wire/|formats/)" },
      "The emulator shares limits and wire shapes with the client, formats with sources, transforms and sinks, and imports no plugin.",
    ),
    rule(
      "emulator-loads-its-own",
      { path: "^src/", pathNot: "^src/emulator/" },
      { path: "node_modules/libsql" },
      "The SQLite driver is loaded with the emulator.",
    ),
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
  },
};
