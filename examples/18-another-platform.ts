/** A sink for another platform: an HTTP API that this example serves itself, with a batch policy of its own. */

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { defineSink, filterInputs, flow, folder, InputError, type Message, type Stage } from "sluice";
import * as z from "zod";

interface Article {
  id: string;
  body: string;
}

/** The API takes at most four articles and 600 bytes in one request, and no article of more than 400 bytes. */
const limits = { maxArticles: 4, maxRequestBytes: 600, maxArticleBytes: 400 };

const articleOf = ({ id, text = "" }: { id: string; text?: string | undefined }): Article => ({ id, body: text });

/** Sends texts to the API. An article that the API refuses fails alone. */
const publishArticles: (options: { url: string }) => Stage<Message | readonly Message[], Message> = defineSink({
  name: "publishArticles",
  options: z.strictObject({ url: z.url() }),
  target: ({ url }) => ({ action: "publish to", name: url, url }),
  supportsDryRun: true,
  batch: {
    maxItems: limits.maxArticles,
    maxBytes: limits.maxRequestBytes,
    envelopeBytes: 2, // the brackets of the list
    separatorBytes: 1, // the comma
    measure(input) {
      const bytes = Buffer.byteLength(JSON.stringify(articleOf(input)));
      if (bytes <= limits.maxArticleBytes) return bytes;
      throw new InputError(
        "ERR_ARTICLE_TOO_LARGE",
        `the article has ${bytes} bytes; the limit is ${limits.maxArticleBytes}`,
      );
    },
  },
  async write(batch, { options, signal, dryRun }) {
    for (const [index, { text = "" }] of batch.inputs.entries()) {
      if (text.trim() === "") batch.skip(index, "the article is empty");
    }
    if (dryRun) return;
    const body = JSON.stringify(batch.inputs.map(articleOf));
    const answer = await fetch(options.url, { method: "POST", body, signal });
    const { refused } = (await answer.json()) as { refused: { id: string; reason: string }[] };
    for (const { id, reason } of refused) {
      const index = batch.inputs.findIndex((input) => input.id === id);
      batch.fail(index, new InputError("ERR_ARTICLE_REFUSED", reason));
    }
  },
});

// The platform: it keeps articles in memory, and refuses those that mention the weather.
const stored = new Map<string, string>();
let requests = 0;
const server = createServer(async (request, response) => {
  const articles = (await jsonOf(request)) as Article[];
  requests += 1;
  const refused = articles
    .filter(({ body }) => /wind/i.test(body))
    .map(({ id }) => ({ id, reason: "no weather, please" }));
  for (const { id, body } of articles) if (!refused.some((one) => one.id === id)) stored.set(id, body);
  response.end(JSON.stringify({ refused }));
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/articles`;

const pipeline = flow(folder(join(import.meta.dirname, "data/notes"))).pipe(
  filterInputs((input) => input.text !== undefined),
  publishArticles({ url }),
);
console.log((await pipeline.plan()).summary());
console.log("stored after the plan:", stored.size);

const report = await pipeline.run();
console.log(report.summary());
console.log("stored after the run:", stored.size, "in", requests, "requests");
server.close();
process.exitCode = report.counts.ok === stored.size ? 0 : 1;

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}
