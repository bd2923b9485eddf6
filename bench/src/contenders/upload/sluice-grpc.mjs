/** Sluice over gRPC. */

import { batch, connect, csv, flow, folder, upload } from "../../../../dist/index.js";

const [, , path, baseUrl, kind] = process.argv;
const app = await connect({ baseUrl, pat: "bench", allowHttp: true, wire: "grpc" });
const source = kind === "text" ? csv(path) : folder(path);
const report = await flow(source)
  .pipe(batch(), upload(app, { wait: false }))
  .run();
await app.close();
if (!report.ok) throw new Error(report.summary());
