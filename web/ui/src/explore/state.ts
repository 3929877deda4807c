/** One query of the page. */
export interface Query {
  expr: string
  view: 'graph' | 'table'
}

/** All that the page shows, as it stands in its address. */
export interface View {
  queries: Query[]
  /** Seconds. */
  range: number
  /** The end in seconds since 1970; null follows the clock. */
  end: number | null
  /** Seconds between points; null chooses. */
  step: number | null
  band: boolean
  exemplars: boolean
}

export const defaultRange = 10_800
const mostQueries = 8
/** What the API answers for one series. */
export const mostPoints = 11_000

function positive(text: string | null): number | null {
  const n = Number(text)
  return text !== null && text !== '' && Number.isFinite(n) && n > 0 ? n : null
}

/** Reads the address. What is wrong in it counts as not said. */
export function parseView(params: URLSearchParams): View {
  const views = params.getAll('view')
  const queries = params
    .getAll('query')
    .slice(0, mostQueries)
    .map((expr, i): Query => ({ expr, view: views[i] === 'table' ? 'table' : 'graph' }))
  return {
    queries: queries.length > 0 ? queries : [{ expr: '', view: 'graph' }],
    range: positive(params.get('range')) ?? defaultRange,
    end: positive(params.get('end')),
    step: positive(params.get('step')),
    band: params.get('band') !== '0',
    exemplars: params.get('exemplars') === '1',
  }
}

/** Writes the address; what is as usual is left out. */
export function viewParams(v: View): URLSearchParams {
  const p = new URLSearchParams()
  for (const q of v.queries) p.append('query', q.expr)
  if (v.queries.some((q) => q.view === 'table')) for (const q of v.queries) p.append('view', q.view)
  if (v.range !== defaultRange) p.set('range', String(v.range))
  if (v.end !== null) p.set('end', String(v.end))
  if (v.step !== null) p.set('step', String(v.step))
  if (!v.band) p.set('band', '0')
  if (v.exemplars) p.set('exemplars', '1')
  return p
}

export function canAdd(v: View): boolean {
  return v.queries.length < mostQueries
}

/** The address of another view of the page. */
export function viewAddress(v: View): string {
  return `/explore?${viewParams(v)}`
}

const units: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, y: 31_536_000 }

/** Reads a duration as Prometheus writes it, 1h30m, in seconds; null for what is none. */
export function parseDuration(text: string): number | null {
  if (!/^(?:\d+(?:ms|[smhdwy]))+$/.test(text)) return null
  let sum = 0
  for (const [, n, unit] of text.matchAll(/(\d+)(ms|[smhdwy])/g)) sum += Number(n) * (units[unit ?? ''] ?? 0)
  return sum > 0 ? sum : null
}

/**
 * Reads the address of Prometheus' own page, /graph?g0.expr=up&g0.tab=1&..., to
 * which alerts and dashboards link. Time and step are those of the first panel
 * that says them, since here all share them.
 */
export function parseGraph(params: URLSearchParams): View {
  const v: View = { ...parseView(new URLSearchParams()), queries: [] }
  for (let i = 0; params.has(`g${i}.expr`) && canAdd(v); i++) {
    const get = (name: string) => params.get(`g${i}.${name}`) ?? ''
    v.queries.push({ expr: get('expr'), view: ['1', 'table'].includes(get('tab')) ? 'table' : 'graph' })
    if (v.range === defaultRange) v.range = parseDuration(get('range_input')) ?? v.range
    const end = Date.parse(`${(get('end_input') || get('moment_input')).replace(' ', 'T')}Z`) / 1000
    if (v.end === null && Number.isFinite(end)) v.end = end
    v.step ??= positive(get('step_input'))
  }
  return v.queries.length > 0 ? v : parseView(new URLSearchParams())
}
