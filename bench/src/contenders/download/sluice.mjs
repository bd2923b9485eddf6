/** Sluice, as a user writes it. */

import { connect, download, flow, listInputs } from "../../../../dist/index.js";

const [, , out, baseUrl] = process.argv;
const app = await connect({ baseUrl, pat: "bench", allowHttp: true });
const report = await flow(listInputs(app)).pipe(download(out)).run();
await app.close();
if (!report.ok) throw new Error(report.summary());
