/** The levels of lines, the gravest first. */
export const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'unknown'] as const

const quoted = (v: string) => JSON.stringify(v)

/** Adds a comparison of a label to a query, once. */
export function narrow(query: string, name: string, value: string): string {
  const part = `| ${name}=${quoted(value)}`
  const q = query.trim()
  if (q.endsWith(part) || q.includes(`${part} `)) return q
  return `${q === '' ? '{}' : q} ${part}`
}

/** Adds a label to the selector of a query, which is faster than to compare it after. */
export function select(query: string, name: string, value: string): string {
  const q = query.trim()
  const match = `${name}=${quoted(value)}`
  if (q === '') return `{${match}}`
  if (q.includes(match)) return q
  return q.replace(/^\{\s*(\}?)/, (_, end: string) => (end ? `{${match}}` : `{${match}, `))
}

/** Whether a label can be named in a query. */
export const namable = (name: string) => /^[a-zA-Z_]\w*$/.test(name)

/** Where a query is wrong, as the daemon says it; null when it says nothing of a place. The column counts from 1. */
export function place(message: string): { column: number; why: string } | null {
  const found = /parse error at line 1, col (\d+): (?:syntax error: )?(.+)/s.exec(message)
  return found ? { column: Number(found[1]), why: found[2] ?? '' } : null
}

export type Show = 'lines' | 'templates' | 'live'

/** All that the page shows, as it stands in its address. */
export interface LogView {
  query: string
  show: Show
  /** Seconds. */
  range: number
  /** The end in seconds since 1970; null follows the clock. */
  end: number | null
}

export const defaultRange = 3600

function positive(text: string | null): number | null {
  const n = Number(text)
  return text !== null && text !== '' && Number.isFinite(n) && n > 0 ? n : null
}

/** Reads the address. What is wrong in it counts as not said; a query is kept in one line, so that a column is a place in the field. */
export function parseLogView(p: URLSearchParams): LogView {
  const show = p.get('show')
  return {
    query: (p.get('query') ?? '').replace(/\s*\n\s*/g, ' ').trim(),
    show: show === 'templates' || show === 'live' ? show : 'lines',
    range: positive(p.get('range')) ?? defaultRange,
    end: positive(p.get('end')),
  }
}

/** The address of a view; what is as usual is left out. */
export function logAddress(v: Partial<LogView>): string {
  const p = new URLSearchParams()
  if (v.query) p.set('query', v.query)
  if (v.show && v.show !== 'lines') p.set('show', v.show)
  if (v.range && v.range !== defaultRange) p.set('range', String(v.range))
  if (v.end) p.set('end', String(v.end))
  const text = p.toString()
  return text === '' ? '/logs' : `/logs?${text}`
}
