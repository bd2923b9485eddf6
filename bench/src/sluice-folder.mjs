/** Sluice, as a user writes it: a folder into an app. */

import { batch, connect, flow, folder, upload } from "sluice";

const [, , path, port] = process.argv;
const app = await connect({ baseUrl: `http://127.0.0.1:${port}`, pat: "bench" });
const report = await flow(folder(path)).pipe(batch(), upload(app)).run();
await app.close();
if (!report.ok) throw new Error(report.summary());
