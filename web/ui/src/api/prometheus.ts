import { promPost, promGet } from './client.ts'
import type { PromSeries } from './nouns.ts'

/** What an answer cost. */
export interface Cost {
  /** Milliseconds until the answer was here. */
  took: number
  /** Samples that the engine looked at; null when it does not say. */
  samples: number | null
}

export interface RangeAnswer extends Cost {
  series: PromSeries[]
  warnings: string[]
  /** Whether there are native histograms among the series, drawn by their count. */
  histograms: boolean
}

/** One row of an instant answer. */
export interface Row {
  metric: Record<string, string>
  value: string
}

export interface InstantAnswer extends Cost {
  kind: 'vector' | 'matrix' | 'scalar' | 'string'
  rows: Row[]
  warnings: string[]
}

export interface Exemplar {
  labels: Record<string, string>
  value: string
  timestamp: number
}

/** Type and help of a metric, as whoever sent it told. */
export interface Known {
  type: string
  help: string
  unit: string
}

interface Histogram {
  count: string
  sum: string
}

interface Answer {
  data: {
    resultType: InstantAnswer['kind']
    result: unknown
    stats?: { samples?: { totalQueryableSamples?: number } }
  }
  warnings?: string[]
  infos?: string[]
}

interface RawSeries {
  metric: Record<string, string>
  value?: [number, string]
  values?: [number, string][]
  histogram?: [number, Histogram]
  histograms?: [number, Histogram][]
}

async function timed(load: () => Promise<Answer>): Promise<[Answer, Cost & { warnings: string[] }]> {
  const from = performance.now()
  const a = await load()
  return [a, { took: performance.now() - from, samples: a.data.stats?.samples?.totalQueryableSamples ?? null, warnings: [...(a.warnings ?? []), ...(a.infos ?? [])] }]
}

/** Start and end in seconds since 1970, step in seconds. */
export async function queryRange(query: string, start: number, end: number, step: number, signal?: AbortSignal): Promise<RangeAnswer> {
  const [a, cost] = await timed(() => promPost('query_range', { query, start, end, step, stats: 'true' }, signal))
  const raw = a.data.result as RawSeries[]
  return { ...cost, ...floats(raw) }
}

/** Native histograms become series of their counts; series may change from one to the other. */
export function floats(raw: RawSeries[]): { series: PromSeries[]; histograms: boolean } {
  const series = raw.map((s) => ({
    metric: s.metric,
    values: [...(s.values ?? []), ...(s.histograms ?? []).map(([t, h]): [number, string] => [t, h.count])].sort(([a], [b]) => a - b),
  }))
  return { series, histograms: raw.some((s) => (s.histograms?.length ?? 0) > 0) }
}

export async function queryInstant(query: string, time: number, signal?: AbortSignal): Promise<InstantAnswer> {
  const [a, cost] = await timed(() => promPost('query', { query, time, stats: 'true' }, signal))
  return { ...cost, kind: a.data.resultType, rows: rows(a.data.resultType, a.data.result) }
}

/** The rows of an instant answer of any kind. */
export function rows(kind: InstantAnswer['kind'], result: unknown): Row[] {
  if (kind === 'scalar' || kind === 'string') return [{ metric: {}, value: (result as [number, string])[1] }]
  const text = (h: Histogram) => `count ${h.count}, sum ${h.sum}`
  return (result as RawSeries[]).map((s) => {
    if (kind === 'vector') return { metric: s.metric, value: s.histogram ? text(s.histogram[1]) : (s.value?.[1] ?? '') }
    const points: [number, string][] = [...(s.values ?? []), ...(s.histograms ?? []).map(([t, h]): [number, string] => [t, text(h)])]
    return { metric: s.metric, value: points.map(([t, v]) => `${v} @${t}`).join('\n') }
  })
}

export async function exemplars(query: string, start: number, end: number, signal?: AbortSignal): Promise<Exemplar[]> {
  const a = await promPost<{ data: { exemplars: Exemplar[] }[] | null }>('query_exemplars', { query, start, end }, signal)
  return (a.data ?? []).flatMap((s) => s.exemplars)
}

export async function metricNames(signal?: AbortSignal): Promise<string[]> {
  return (await promGet<{ data: string[] }>('label/__name__/values', {}, signal)).data
}

export async function metadata(signal?: AbortSignal): Promise<Record<string, Known[]>> {
  return (await promGet<{ data: Record<string, Known[]> }>('metadata', { limit_per_metric: 1 }, signal)).data
}
