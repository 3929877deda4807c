import { Button, NativeSelect, Switch, Textarea } from '@mantine/core'
import { type KeyboardEvent, Suspense, lazy, useState } from 'react'
import { useLocation, useSearchParams } from 'wouter'
import { api } from '../api/client.ts'
import { useResource } from '../api/resource.ts'
import { niceStep, unitOf } from '../chart/band.ts'
import { Failure, Lesson, Loading } from '../parts/messages.tsx'

const LinesChart = lazy(() => import('../chart/lines-chart.tsx'))
const BandChart = lazy(() => import('../chart/band-chart.tsx'))
const BandKey = lazy(async () => ({ default: (await import('../chart/band-chart.tsx')).BandKey }))

const spans: [string, string][] = [
  ['900', '15 minutes'],
  ['3600', '1 hour'],
  ['10800', '3 hours'],
  ['21600', '6 hours'],
  ['86400', '1 day'],
  ['259200', '3 days'],
  ['604800', '7 days'],
]
const mostSeries = 50

export default function Explore() {
  const [params] = useSearchParams()
  const [, navigate] = useLocation()
  const query = params.get('query') ?? ''
  const range = spans.some(([s]) => s === params.get('range')) ? (params.get('range') ?? '') : '10800'
  const [text, setText] = useState(query)
  const [withBand, setWithBand] = useState(true)
  const go = (q: string, r: string) => navigate(`/explore?${new URLSearchParams({ query: q, range: r })}`, { replace: q === query })
  const onKey = (e: KeyboardEvent) => {
    if (e.key === 'Enter' && !e.shiftKey) {
      e.preventDefault()
      go(text.trim(), range)
    }
  }
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Explore</h1>
          <p>Any series by PromQL. A single series is drawn with what the detector expected of it.</p>
        </div>
      </div>
      <form
        className="explore-form"
        onSubmit={(e) => {
          e.preventDefault()
          go(text.trim(), range)
        }}
      >
        <Textarea data-filter aria-label="PromQL" placeholder="rate(http_requests_total[5m])" autosize minRows={1} maxRows={8} value={text} onChange={(e) => setText(e.currentTarget.value)} onKeyDown={onKey} spellCheck={false} autoComplete="off" />
        <div className="filters">
          <NativeSelect aria-label="Time range" value={range} onChange={(e) => go(query, e.currentTarget.value)} data={spans.map(([value, label]) => ({ value, label }))} />
          <Button type="submit">Draw</Button>
        </div>
      </form>
      <div style={{ margin: '10px 0 18px' }}>
        <Switch label="Band for a single series" checked={withBand} onChange={(e) => setWithBand(e.currentTarget.checked)} />
      </div>
      {query === '' ? <Suggestions choose={(q) => { setText(q); go(q, range) }} /> : <Result key={`${query} ${range}`} query={query} seconds={Number(range)} withBand={withBand} />}
    </>
  )
}

function Result({ query, seconds, withBand }: { query: string; seconds: number; withBand: boolean }) {
  const step = Math.max(5, niceStep(seconds, 600))
  const result = useResource(`range ${query} ${seconds}`, (signal) => api.range(query, Date.now() - seconds * 1000, Date.now(), step, signal), 30_000)
  const series = result.data?.series ?? []
  const single = series.length === 1
  // A quantile that the detector derives from a histogram has a band and no stored series.
  const wanted = withBand && (single || (!!result.data && series.length === 0))
  const band = useResource(
    `explore band ${query} ${seconds} ${wanted}`,
    (signal) => (wanted ? api.band(query, Date.now() - seconds * 1000, Date.now(), step, signal) : Promise.resolve(null)),
    30_000,
  )
  const units = new Set(series.map((s) => unitOf(s.metric['__name__'] ?? '')))
  const unit = band.data?.unit || (units.size === 1 ? ([...units][0] ?? '') : '')
  const derived = series.length === 0 && (band.data?.points.length ?? 0) > 0
  if (result.loading) return <Loading what="the series" />
  return (
    <>
      <Failure error={result.error} again={result.reload} />
      {result.data?.warnings.map((w) => (
        <p className="notice bad" key={w}>
          {w}
        </p>
      ))}
      {result.data && series.length === 0 && !derived && !band.loading && <p className="dim">No series matches in this time.</p>}
      {series.length > mostSeries && (
        <p className="notice bad">
          {series.length} series match; the first {mostSeries} are drawn. Narrow the selector or aggregate.
        </p>
      )}
      {(series.length > 0 || derived) && (
        <section className="sheet" aria-label="Chart">
          <Suspense fallback={<Loading what="the chart" />}>
            {wanted && band.data ? (
              <>
                <BandChart title={series[0]?.metric['__name__'] ?? band.data.series['__name__'] ?? query} band={band.data} step={step} unit={unit} marks={[]} height={320} />
                <BandKey />
              </>
            ) : (
              <LinesChart series={series.slice(0, mostSeries)} unit={unit} />
            )}
          </Suspense>
          {single && withBand && band.error && <p className="dim">No band: {band.error.message}</p>}
        </section>
      )}
    </>
  )
}

function Suggestions({ choose }: { choose: (query: string) => void }) {
  const names = useResource('metric names', (signal) => api.metricNames(signal))
  const signals = names.data?.filter((n) => n.startsWith('tocsin:')) ?? []
  return (
    <Lesson title="Draw a series">
      <p>
        Write a selector or any PromQL expression and press Enter. Signals of services are stored under names that begin with <code>tocsin:</code>.
      </p>
      <Failure error={names.error} />
      {signals.length > 0 && (
        <ul className="acts" aria-label="Signals">
          {signals.slice(0, 24).map((n) => (
            <li key={n}>
              <Button variant="default" size="compact-sm" className="mono" onClick={() => choose(n)}>
                {n}
              </Button>
            </li>
          ))}
        </ul>
      )}
      {names.data && <p className="dim">{names.data.length.toLocaleString('en-GB')} metric names are stored.</p>}
    </Lesson>
  )
}
