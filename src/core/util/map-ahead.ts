/** Maps the items of an async iterable, several at once, and yields the results in order. */

/** Works on up to `ahead` items at the same time. `work` must not reject before its result is taken; it may return an error as a value. */
export async function* mapAhead<T, R>(
  items: AsyncIterable<T>,
  ahead: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void> {
  const open: Promise<R>[] = [];
  for await (const item of items) {
    open.push(work(item));
    if (open.length >= ahead) yield (await open.shift()) as R;
  }
  while (open.length > 0) yield (await open.shift()) as R;
}
