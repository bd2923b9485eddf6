/** Values and promises that users' functions return. */

/** Whether a value has a `then` method, as the promises of all libraries have. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value instanceof Promise) return true;
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  return typeof (value as { then?: unknown }).then === "function";
}

/** Calls `next` with a value: at once, or, for a promise, when it resolves. */
export function whenThere<T, R>(value: T | PromiseLike<T>, next: (value: T) => R): R | Promise<Awaited<R>> {
  return isThenable(value) ? (Promise.resolve(value as PromiseLike<T>).then(next) as Promise<Awaited<R>>) : next(value);
}
