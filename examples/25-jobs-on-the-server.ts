/** Jobs on the server: an archive that it unpacks by itself, and one request that changes all its inputs. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changeInputs, connect, pullInputs, uploadArchive } from "sluice";

const folder = mkdtempSync(join(tmpdir(), "market-"));
const archive = join(folder, "market.tar");
execFileSync("tar", ["-cf", archive, "-C", join(import.meta.dirname, "data"), "market"]);
const app = await connect();

// The archive goes to the server in parts. The id of the job makes the call repeatable: a second one waits for the same job.
const uploaded = await uploadArchive(app, archive, {
  jobId: "market-archive",
  datasets: ["market"],
  onSent: (sent, total) => console.log("sent", sent, "of", total),
});
console.log("uploaded:", uploaded.state, uploaded.counts.succeeded, "inputs");

// Or the server fetches it: here from a web server of this example, on the platform from a bucket.
const web = createServer((_, response) => void response.end(readFileSync(archive)));
await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/market.tar`;
const pulled = await pullInputs(app, url, { datasets: ["copies"], conflict: "suffix" });
console.log("pulled:", pulled.state, pulled.counts.succeeded, "inputs");
web.close();

const labelled = await changeInputs(app, { dataset: "market" }, { addConcepts: ["market"] });
console.log("labelled:", labelled.state, labelled.processed, "inputs");
const split = await changeInputs(app, { dataset: "market" }, { splitIntoDatasets: { train: 50, test: 50 } });
console.log("split:", split.state, split.processed, "inputs");
await app.close();
rmSync(folder, { recursive: true });
