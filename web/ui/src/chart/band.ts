import type { Band, Change, Figure, PromSeries } from '../api/nouns.ts'

/** Columns for the chart: seconds, value, expected, lower, upper, outside. */
export interface BandColumns {
  t: number[]
  value: Figure[]
  expected: Figure[]
  lower: Figure[]
  upper: Figure[]
  /** The value where it or a neighbour leaves the band, so that its line has no hole; null elsewhere. */
  outside: Figure[]
  score: Figure[]
}

/** The middle of the times between points: what the series itself does, whatever step was asked for. */
function usualSpacing(points: Band['points']): number {
  const gaps = points.slice(1).map((p, i) => (p[0] - (points[i]?.[0] ?? p[0])) / 1000)
  return gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0
}

/**
 * Turns a band into columns. Where the time between two points is more than
 * two and a half times the step, or the series' own spacing if that is longer,
 * a row of nulls is put between them, so that missing data are drawn as a gap
 * and not as a line.
 */
export function bandColumns(band: Band, stepSeconds: number): BandColumns {
  const c: BandColumns = { t: [], value: [], expected: [], lower: [], upper: [], outside: [], score: [] }
  const push = (t: number, v: Figure, e: Figure, lo: Figure, up: Figure, s: Figure) => {
    c.t.push(t)
    c.value.push(v)
    c.expected.push(e)
    c.lower.push(lo)
    c.upper.push(up)
    c.score.push(s)
  }
  const spacing = Math.max(stepSeconds, usualSpacing(band.points))
  let last: number | undefined
  for (const [ms, v, e, lo, up, s] of band.points) {
    const t = ms / 1000
    if (last !== undefined && t - last > spacing * 2.5) push(last + spacing, null, null, null, null, null)
    push(t, v, e, lo, up, s)
    last = t
  }
  c.outside = c.t.map((_, i) => (isOutside(c, i - 1) || isOutside(c, i) || isOutside(c, i + 1) ? (c.value[i] ?? null) : null))
  return c
}

function isOutside(c: BandColumns, i: number): boolean {
  const v = c.value[i]
  const lower = c.lower[i]
  const upper = c.upper[i]
  return v != null && ((upper != null && v > upper) || (lower != null && v < lower))
}

/** A step that makes about the wanted number of points, from round figures. */
export function niceStep(spanSeconds: number, wanted = 480): number {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400]
  return steps.find((s) => spanSeconds / s <= wanted) ?? Math.ceil(spanSeconds / wanted)
}

/** A vertical mark with a short label. */
export interface Mark {
  t: number // seconds
  label: string
  kind: 'onset' | 'change' | 'resolved'
}

/** Marks for changes, named as shortly as can be. */
export function changeMarks(changes: Change[]): Mark[] {
  return changes.map((c) => ({
    t: Date.parse(c.started) / 1000,
    label: c.version_to ? `${shortKind(c.kind)} ${c.version_to}` : c.kind,
    kind: 'change' as const,
  }))
}

function shortKind(kind: string): string {
  return kind === 'deployment' ? 'deploy' : kind
}

/**
 * Range-query series on one time axis; a series without a value there is null.
 * With a step, a row of nulls stands where all miss at least one point.
 */
export function alignSeries(series: PromSeries[], step = 0): { t: number[]; columns: Figure[][] } {
  const all = new Set<number>()
  for (const s of series) for (const [t] of s.values) all.add(t)
  const times = [...all].sort((a, b) => a - b)
  const t = step > 0 ? times.flatMap((x, i) => (i > 0 && x - (times[i - 1] ?? x) > 1.5 * step ? [(times[i - 1] ?? x) + step, x] : [x])) : times
  const columns = series.map((s) => {
    const at = new Map(s.values)
    return t.map((x) => {
      const v = Number(at.get(x) ?? NaN)
      return Number.isFinite(v) ? v : null
    })
  })
  return { t, columns }
}

/** The labels that tell these series apart, for legends. */
export function distinguish(series: PromSeries[]): string[] {
  const names = new Set(series.flatMap((s) => Object.keys(s.metric)))
  const telling = [...names].filter((n) => new Set(series.map((s) => s.metric[n] ?? '')).size > 1)
  return series.map((s) => {
    const parts = telling.filter((n) => n !== '__name__' && s.metric[n]).map((n) => `${n}=${s.metric[n]}`)
    const name = telling.includes('__name__') || telling.length === 0 ? (s.metric['__name__'] ?? '') : ''
    return [name, parts.join(' ')].filter(Boolean).join(' ') || 'value'
  })
}

/** Guesses the unit of a metric from the endings that Prometheus names have. */
export function unitOf(name: string): string {
  if (/(_ratio|error_rate|cpu_usage)$/.test(name)) return 'ratio'
  if (/_percent$/.test(name)) return 'percent'
  if (/(_seconds|_latency)$/.test(name)) return 'seconds'
  if (/_bytes$/.test(name)) return 'bytes'
  if (/request_rate$/.test(name)) return 'per_second'
  return ''
}
