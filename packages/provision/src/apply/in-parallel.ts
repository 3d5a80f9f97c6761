// Independent pieces of work, so many at a time. The first failure keeps the rest from beginning; what has begun is
// finished, so that nothing goes on behind the caller's back.

export async function inParallel<Item>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values()
  let failure: { readonly cause: unknown } | undefined

  async function takeTurns(): Promise<void> {
    for (const item of waiting) {
      if (failure !== undefined) return
      try {
        await work(item)
      } catch (cause) {
        failure ??= { cause }
      }
    }
  }

  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, takeTurns))
  if (failure !== undefined) throw failure.cause
}
