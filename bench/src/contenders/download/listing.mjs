/** Lists the inputs of an app page by page, for the hand-written loops. */

const perPage = 1000;

/** Yields `{ id, url }` of every input; `pool` is the connection to the server. */
export async function* listing(pool, kind) {
  for (let lastId; ; ) {
    const path = `/v2/users/me/apps/main/inputs/stream?per_page=${perPage}${lastId ? `&last_id=${lastId}` : ""}`;
    const { body } = await pool.request({ method: "GET", path, headers: { authorization: "Key bench" } });
    const { inputs } = await body.json();
    for (const { id, data } of inputs) yield { id, url: data[kind].url };
    if (inputs.length < perPage) return;
    lastId = inputs.at(-1).id;
  }
}
