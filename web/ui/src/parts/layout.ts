import type { TopologyEdge, TopologyNode } from '../api/nouns.ts'

/** Where a node stands: column from the left, row from the top, each from 0. */
export interface Place {
  column: number
  row: number
}

/**
 * Puts who calls left of who is called: the column of a node is the length of the
 * longest way to it, edges that close a circle left out, and rows are ordered so that
 * nodes stand near those that call them.
 */
export function layout(nodes: Pick<TopologyNode, 'name'>[], edges: Pick<TopologyEdge, 'from' | 'to'>[]): Map<string, Place> {
  const names = nodes.map((n) => n.name)
  const known = new Set(names)
  const out = new Map<string, string[]>(names.map((n) => [n, []]))
  for (const e of edges) {
    if (known.has(e.from) && known.has(e.to) && e.from !== e.to) out.get(e.from)?.push(e.to)
  }
  const called = new Set(edges.map((e) => e.to))
  const column = new Map<string, number>()
  const order = topological([...names.filter((n) => !called.has(n)), ...names], out)
  const forward = new Map<string, string[]>()
  const seen = new Set<string>()
  for (const n of order) {
    seen.add(n)
    forward.set(n, (out.get(n) ?? []).filter((to) => !seen.has(to)))
  }
  for (const n of order) {
    const at = column.get(n) ?? 0
    column.set(n, at)
    for (const to of forward.get(n) ?? []) column.set(to, Math.max(column.get(to) ?? 0, at + 1))
  }
  return rows(order, column, forward)
}

/** Every node once, who calls before who is called unless they call each other. */
function topological(starts: string[], out: Map<string, string[]>): string[] {
  const done = new Set<string>()
  const back: string[] = []
  for (const start of starts) {
    const stack: [string, number][] = [[start, 0]]
    if (done.has(start)) continue
    done.add(start)
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const next = out.get(top[0])?.[top[1]++]
      if (next === undefined) {
        back.push(top[0])
        stack.pop()
      } else if (!done.has(next)) {
        done.add(next)
        stack.push([next, 0])
      }
    }
  }
  return back.reverse()
}

function rows(order: string[], column: Map<string, number>, forward: Map<string, string[]>): Map<string, Place> {
  const columns: string[][] = []
  for (const n of order) (columns[column.get(n) ?? 0] ??= []).push(n)
  const row = new Map<string, number>()
  columns[0]?.forEach((n, i) => row.set(n, i))
  for (const col of columns.slice(1)) {
    const weight = (n: string) => {
      const from = order.filter((f) => forward.get(f)?.includes(n)).map((f) => row.get(f) ?? 0)
      return from.length === 0 ? 0 : from.reduce((a, b) => a + b, 0) / from.length
    }
    const weights = new Map(col.map((n) => [n, weight(n)]))
    col.sort((a, b) => (weights.get(a) ?? 0) - (weights.get(b) ?? 0) || a.localeCompare(b))
    col.forEach((n, i) => row.set(n, i))
  }
  return new Map(order.map((n) => [n, { column: column.get(n) ?? 0, row: row.get(n) ?? 0 }]))
}
