/** The contenders for each verb: name, server, and the sets that they do not support. */

const noRows = { text: "the rows of a CSV are no files" };

export const contenders = {
  upload: [
    { name: "tcp", title: "copy over plain TCP", server: "tcp", cannot: noRows },
    { name: "raw", title: "raw limit (posting only)", server: "rest", cannot: {} },
    { name: "sluice", title: "**Sluice**", server: "rest", cannot: {} },
    { name: "sluice-journal", title: "**Sluice** with a journal", server: "rest", cannot: {} },
    { name: "sluice-grpc", title: "**Sluice** over gRPC", server: "grpc-stream", cannot: {} },
    {
      name: "bare",
      title: "bare loop, no checks",
      server: "rest",
      cannot: { text: "reads whole files, not rows" },
    },
    {
      name: "loop",
      title: "hand-written loop, 128 × 8",
      server: "rest",
      cannot: { video: "a batch of 20 is 2.4 GB of JSON, more than a string holds" },
    },
    {
      name: "clarifai-nodejs",
      title: "clarifai-nodejs 0.4.0 (gRPC)",
      server: "grpc",
      cannot: { video: "its folder upload takes images and texts only" },
    },
  ],
  download: [
    { name: "raw", title: "raw limit (getting only)", server: "hosted", cannot: noRows },
    { name: "sluice", title: "**Sluice**", server: "hosted", cannot: noRows },
    { name: "loop", title: "hand-written loop, 8 at a time", server: "hosted", cannot: noRows },
    { name: "hashing-loop", title: "the same, with SHA-256 of each file", server: "hosted", cannot: noRows },
  ],
};
