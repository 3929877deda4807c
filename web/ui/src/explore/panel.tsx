import { ActionIcon, Button, SegmentedControl } from '@mantine/core'
import { Suspense, lazy, useEffect, useState } from 'react'
import { api } from '../api/client.ts'
import { type Cost, exemplars, queryInstant, queryRange } from '../api/prometheus.ts'
import { useResource } from '../api/resource.ts'
import { unitOf } from '../chart/band.ts'
import type { Hidden } from '../chart/lines-chart.tsx'
import { Failure, Loading } from '../parts/messages.tsx'
import { ResultTable } from './table.tsx'

const LinesChart = lazy(() => import('../chart/lines-chart.tsx'))
const BandChart = lazy(() => import('../chart/band-chart.tsx'))
const BandKey = lazy(async () => ({ default: (await import('../chart/band-chart.tsx')).BandKey }))
const Editor = lazy(() => import('./editor.tsx'))

const mostSeries = 50
const refresh = 30_000

/** The time that all queries of the page share. */
export interface Span {
  range: number
  end: number | null
  step: number
}

interface Props {
  expr: string
  view: 'graph' | 'table'
  name: string
  span: Span
  band: boolean
  exemplars: boolean
  /** A new one for each press of the button that runs all. */
  round: number
  run: (expr: string) => void
  show: (view: 'graph' | 'table') => void
  remove: (() => void) | null
  focus: () => void
  typed: (text: string) => void
  zoom: (from: number, to: number) => void
}

/** One query: its text, its chart or table, and what it cost. */
export function Panel(p: Props) {
  const [text, setText] = useState(p.expr)
  useEffect(() => setText(p.expr), [p.expr])
  const type = (t: string) => {
    setText(t)
    p.typed(t)
  }
  return (
    <section className="sheet explore-panel" aria-label={`Query ${p.name}`} onFocus={p.focus}>
      <form
        className="explore-form"
        onSubmit={(e) => {
          e.preventDefault()
          p.run(text.trim())
        }}
      >
        <Suspense fallback={<div className="promql waiting mono">{text || ' '}</div>}>
          <Editor value={text} label={`PromQL of query ${p.name}`} onChange={type} onSubmit={(t) => p.run(t.trim())} />
        </Suspense>
        <div className="filters">
          <SegmentedControl aria-label="Shown as" size="sm" value={p.view} onChange={(v) => p.show(v === 'table' ? 'table' : 'graph')} data={[{ value: 'graph', label: 'Graph' }, { value: 'table', label: 'Table' }]} />
          <Button type="submit">Run</Button>
          {p.remove && (
            <ActionIcon variant="default" size={36} aria-label={`Remove query ${p.name}`} onClick={p.remove}>
              ×
            </ActionIcon>
          )}
        </div>
      </form>
      {p.expr !== '' && (p.view === 'graph' ? <Graph key={p.expr} {...p} /> : <Table key={p.expr} {...p} />)}
    </section>
  )
}

const now = () => Date.now() / 1000

function Table({ expr, span, round }: Props) {
  const answer = useResource(`instant ${expr} ${span.end} ${round}`, (signal) => queryInstant(expr, span.end ?? now(), signal), span.end === null ? refresh : 0)
  return (
    <>
      <Failure error={answer.error} again={answer.reload} />
      {answer.loading && <Loading what="the table" />}
      <Warnings list={answer.data?.warnings} />
      {answer.data && <Costs cost={answer.data} series={answer.data.rows.length} />}
      {answer.data && <ResultTable answer={answer.data} />}
    </>
  )
}

function Graph({ expr, span, band: withBand, exemplars: withDots, round, zoom }: Props) {
  const { range, step } = span
  const [off, setOff] = useState<Hidden | null>(null)
  const times = () => {
    const end = span.end ?? now()
    return [end - range, end] as const
  }
  const key = `${expr} ${range} ${span.end} ${step} ${round}`
  const every = span.end === null ? refresh : 0
  const result = useResource(`range ${key}`, (signal) => queryRange(expr, ...times(), step, signal), every)
  const series = result.data?.series ?? []
  const single = series.length === 1
  // A quantile that the detector derives from a histogram has a band and no stored series.
  const wanted = withBand && isSelector(expr) && (single || (!!result.data && series.length === 0))
  const band = useResource(`explore band ${key} ${wanted}`, (signal) => (wanted ? api.band(expr, times()[0] * 1000, times()[1] * 1000, step, signal) : Promise.resolve(null)), every)
  const dots = useResource(`exemplars ${key} ${withDots}`, (signal) => (withDots ? exemplars(expr, ...times(), signal) : Promise.resolve([])), every)
  const units = new Set(series.map((s) => unitOf(s.metric['__name__'] ?? '')))
  const unit = band.data?.unit || (units.size === 1 ? ([...units][0] ?? '') : '')
  const derived = series.length === 0 && (band.data?.points.length ?? 0) > 0
  if (result.loading) return <Loading what="the series" />
  return (
    <>
      <Failure error={result.error} again={result.reload} />
      <Warnings list={result.data?.warnings} />
      {result.data && <Costs cost={result.data} series={series.length} />}
      {result.data?.histograms && <p className="dim">Native histograms are drawn by their count; histogram_quantile() and histogram_avg() tell more.</p>}
      {result.data && series.length === 0 && !derived && !band.loading && <p className="dim">No series matches in this time.</p>}
      {series.length > mostSeries && (
        <p className="notice bad">
          {series.length} series match; the first {mostSeries} are drawn. Narrow the selector or aggregate.
        </p>
      )}
      {(series.length > 0 || derived) && (
        <Suspense fallback={<Loading what="the chart" />}>
          {wanted && band.data ? (
            <>
              <BandChart title={series[0]?.metric['__name__'] ?? band.data.series['__name__'] ?? expr} band={band.data} step={step} unit={unit} marks={[]} height={320} onZoom={zoom} />
              <BandKey />
            </>
          ) : (
            <LinesChart series={series.slice(0, mostSeries)} unit={unit} step={step} exemplars={dots.data ?? []} onZoom={zoom} off={off} setOff={setOff} />
          )}
        </Suspense>
      )}
      {wanted && band.error && <p className="dim">No band: {band.error.message}</p>}
      {withDots && dots.data?.length === 0 && <p className="dim">No exemplars are stored for this in this time.</p>}
    </>
  )
}

/** Whether an expression is a selector without anything around it, and not of a band, which is what has a band. */
export function isSelector(expr: string): boolean {
  return !expr.includes('tocsin_band') && /^\s*(?:[a-zA-Z_:][\w:]*\s*)?(?:\{(?:[^{}"'`]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)*\})?\s*$/.test(expr) && expr.trim() !== ''
}

function Warnings({ list = [] }: { list?: string[] | undefined }) {
  return list.map((w) => (
    <p className="notice bad" key={w}>
      {w}
    </p>
  ))
}

function Costs({ cost, series }: { cost: Cost; series: number }) {
  const parts = [`${series.toLocaleString('en-GB')} series`, `${Math.round(cost.took)} ms`]
  if (cost.samples !== null) parts.push(`${cost.samples.toLocaleString('en-GB')} samples read`)
  return <p className="dim costs">{parts.join(' · ')}</p>
}
