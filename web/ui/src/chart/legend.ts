/**
 * What is hidden after one of n series was pressed in the legend: all others, or
 * nothing when it was alone already; with a second key, that one more or less.
 */
export function choose(hidden: ReadonlySet<number>, i: number, n: number, one: boolean): ReadonlySet<number> {
  if (one) {
    const next = new Set(hidden)
    if (!next.delete(i)) next.add(i)
    return next.size === n ? new Set() : next
  }
  const alone = hidden.size === n - 1 && !hidden.has(i)
  return alone ? new Set() : new Set([...Array(n).keys()].filter((x) => x !== i))
}
