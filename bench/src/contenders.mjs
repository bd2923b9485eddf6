/** Who is measured: what it is called, which server it speaks to, and which sets it cannot do. */

export const contenders = [
  { name: "raw", title: "raw limit (posting only)", server: "rest", cannot: {} },
  { name: "sluice", title: "**Sluice**", server: "rest", cannot: {} },
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
];
