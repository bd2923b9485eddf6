/** Layers: what may import what. */
const rule = (name, from, to, comment) => ({ name, severity: "error", comment, from, to });

module.exports = {
  forbidden: [
    rule("no-cycles", {}, { circular: true }, "A cycle means that two files are one thing, or a third is missing."),
    rule(
      "core-stands-alone",
      { path: "^src/core/" },
      { path: "^src/(?!core/)" },
      "Core imports no plugin, client or emulator.",
    ),
    rule(
      "plugins-stand-apart",
      { path: "^src/(sources|transforms|sinks)/" },
      { path: "^src/(sources|transforms|sinks)/", pathNot: "^src/$1/" },
      "Sources, transforms and sinks do not import each other.",
    ),
    rule(
      "formats-know-core-only",
      { path: "^src/formats/" },
      { path: "^src/(?!core/|formats/)" },
      "Codecs are shared by sources, transforms and sinks, and know none of them.",
    ),
    rule(
      "client-knows-no-flow",
      { path: "^src/client/" },
      {
        path: "^src/(sources|transforms|sinks|emulator|cli|testing)/|^src/core/(flow|message|batch|read|.*-operator|ledger)\\.ts",
      },
      "The client knows nothing of flows.",
    ),
    rule(
      "few-use-the-client",
      { path: "^src/(sources|transforms)/", pathNot: "^src/sources/(list-inputs\\.ts|listing/)" },
      { path: "^src/client/" },
      "Only sinks and listInputs use the client.",
    ),
    rule(
      "jetstream-knows-core-only",
      { path: "^src/jetstream/" },
      { path: "^src/(?!core/|jetstream/)" },
      "Work on many machines needs flows, and no plugin or client.",
    ),
    rule(
      "jetstream-is-optional",
      { path: "^src/", pathNot: "^src/(jetstream|cli)/" },
      { path: "^src/jetstream/|@nats-io" },
      "Only who works on many machines loads the engine.",
    ),
    rule(
      "emulator-stands-apart",
      { path: "^src/", pathNot: "^src/(emulator|cli)/|^src/connect\\.ts|^src/testing/" },
      { path: "^src/emulator/" },
      "Only connect and the command line start the emulator.",
    ),
    rule(
      "emulator-knows-core-only",
      { path: "^src/emulator/" },
      { path: "^src/(sources|transforms|sinks|client|cli)/" },
      "The emulator shares limits with the client, and no code.",
    ),
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
  },
};
