/** Uses the entry that needs optional packages. */

import { flow } from "sluice";
import { type JetstreamOptions, jetstream, publishTo, streamReport } from "sluice/jetstream";

const options: JetstreamOptions = { stream: "photos", connection: { name: "reader" } };
const { counts } = await flow(jetstream(options)).run();
console.log(counts.ok satisfies number, publishTo.name, (await streamReport({ stream: "photos" })).isDone);
