import { Button, VisuallyHidden } from '@mantine/core'
import { Suspense, lazy, useMemo, useState } from 'react'
import { Link } from 'wouter'
import { api } from '../api/client.ts'
import { type IncidentDetail, type Occurrence, isOver } from '../api/nouns.ts'
import { useResource } from '../api/resource.ts'
import { type Mark, changeMarks, niceStep } from '../chart/band.ts'
import { probability } from '../format/number.ts'
import { arrows, selector } from '../format/text.ts'
import { isSet } from '../format/time.ts'
import { useLive } from '../live-context.tsx'
import { Actions } from '../parts/actions.tsx'
import { Causes } from '../parts/causes.tsx'
import { Neighbourhood } from '../parts/neighbourhood.tsx'
import { Feedback } from '../parts/feedback.tsx'
import { Likeness } from '../parts/likeness.tsx'
import { Kin } from '../parts/kin.tsx'
import { Deliveries } from '../parts/deliveries.tsx'
import { EvidenceTable } from '../parts/evidence.tsx'
import { SeverityMark, StateMark } from '../parts/marks.tsx'
import { Failure, Loading } from '../parts/messages.tsx'
import { Occurrences } from '../parts/occurrences.tsx'
import { Postmortem } from '../parts/postmortem.tsx'
import { Suspects } from '../parts/suspects.tsx'
import { Timeline } from '../parts/timeline.tsx'
import { Ago, Lasting, When } from '../parts/when.tsx'

const BandChart = lazy(() => import('../chart/band-chart.tsx'))
const BandKey = lazy(async () => ({ default: (await import('../chart/band-chart.tsx')).BandKey }))

const minute = 60_000
/** A change with less than this does not widen the charts. */
const likely = 0.1
const after = 15 * minute
// A band is replayed from days of history, so many charts ask more rarely.
const liveRefresh = (charts: number) => 5000 * Math.ceil(charts / 3)
const firstCharts = 3

export default function Incident({ id }: { id: string }) {
  const detail = useResource(`incident ${id}`, (signal) => api.incident(id, signal), 30_000)
  useLive((records) => {
    if (records.some((r) => r === null || r.incident.id === id)) detail.reload()
  })
  const d = detail.data
  return (
    <>
      <Link href="/" className="crumb">
        ← Incidents
      </Link>
      {detail.loading && <Loading what="the incident" />}
      <Failure error={detail.error} again={detail.reload} />
      {d && (
        <article>
          <Headline detail={d} changed={detail.reload} />
          <div className="incident">
            <div className="stack">
              <Causes analysis={d.ranking?.analysis} />
              <Neighbourhood service={d.incident.service} />
              <Charts detail={d} />
              <EvidenceTable ranking={d.ranking} />
              <Occurrences occurrences={d.incident.occurrences} dropped={d.incident.dropped ?? 0} over={isOver(d.incident.state)} />
            </div>
            <div className="stack">
              <Suspects ranking={d.ranking} />
              <Feedback incident={d.incident} ranking={d.ranking} changed={detail.reload} />
              <Likeness incident={d.incident.id} />
              <Timeline events={d.events} />
              <Deliveries deliveries={d.deliveries} incident={d.incident.id} />
            </div>
          </div>
        </article>
      )}
    </>
  )
}

function Headline({ detail, changed }: { detail: IncidentDetail; changed: () => void }) {
  const { incident: i } = detail
  const over = isOver(i.state)
  return (
    <header className="headline">
      <h1>{arrows(i.title)}</h1>
      <p className="facts">
        <SeverityMark severity={i.severity} over={over} />
        <StateMark incident={i} />
        <span>
          since <When at={i.onset} />
        </span>
        <span>
          {over ? 'lasted' : 'for'} <Lasting from={i.onset} to={i.resolved} />
        </span>
        {over && (
          <span>
            ended <Ago at={i.resolved} />
          </span>
        )}
        <span>
          {i.service}
          {i.environment ? `, ${i.environment}` : ''}
        </span>
        <span className="mono dim">{i.id}</span>
      </p>
      <Why detail={detail} />
      <Kin incident={i} />
      <Actions incident={i} changed={changed} />
      <Postmortem id={i.id} />
    </header>
  )
}

/** The most probable cause in one sentence. */
function Why({ detail }: { detail: IncidentDetail }) {
  const top = detail.ranking?.findings[0]
  if (!top) return null
  if (!top.change) return <p className="why">No recent change fits ({probability(top.probability)}). Look for what no change event told of: load, data, a dependency, hardware.</p>
  const c = top.change
  return (
    <p className="why">
      Most likely cause: <strong>{arrows(top.title)}</strong> ({probability(top.probability)}), started <When at={c.started} />
      {c.author ? ` by ${c.author}` : ''}.
    </p>
  )
}

/** What users feel first, then what is strong, then the oddest; each series once. */
export function drawable(occurrences: Occurrence[]): Occurrence[] {
  const seen = new Set<string>()
  return [...occurrences]
    .sort((a, b) => Number(b.symptom) - Number(a.symptom) || Number(b.strong) - Number(a.strong) || (b.score ?? 0) - (a.score ?? 0))
    .filter((o) => {
      const series = selector(o.query ?? '')
      if (series === '' || seen.has(series)) return false
      seen.add(series)
      return true
    })
}

/**
 * Where the charts begin: before the onset by as long as the incident lasts,
 * within 20 minutes and an hour, or by enough to see every likely suspect.
 */
export function windowStart({ incident, ranking }: Pick<IncidentDetail, 'incident' | 'ranking'>, now: number): number {
  const onset = Date.parse(incident.onset)
  const suspects = (ranking?.findings ?? []).filter((f) => f.change && f.probability >= likely).map((f) => Date.parse(f.change?.started ?? '') - 5 * minute)
  const lasted = (isSet(incident.resolved) ? Date.parse(incident.resolved) : now) - onset
  const before = Math.min(60, Math.max(20, lasted / minute)) * minute
  return Math.min(onset - before, ...suspects.filter((t) => t > onset - 180 * minute))
}

function Charts({ detail }: { detail: IncidentDetail }) {
  const { incident: i, changes } = detail
  const shown = drawable(i.occurrences)
  const marks = useMemo<Mark[]>(
    () => [
      ...changeMarks(changes),
      { t: Date.parse(i.onset) / 1000, label: 'onset', kind: 'onset' },
      ...(isSet(i.resolved) ? [{ t: Date.parse(i.resolved) / 1000, label: 'resolved', kind: 'resolved' as const }] : []),
    ],
    [changes, i.onset, i.resolved],
  )
  const [opened] = useState(Date.now) // so that the charts do not jump while time goes on
  const [all, setAll] = useState(false)
  const from = windowStart(detail, opened)
  const drawn = all ? shown : shown.slice(0, firstCharts)
  if (shown.length === 0) return null
  return (
    <section className="sheet o1" aria-labelledby="charts">
      <VisuallyHidden component="h2" id="charts">
        Charts
      </VisuallyHidden>
      {drawn.map((o) => (
        <div className="chart-block" key={o.query}>
          <OccurrenceChart occurrence={o} limit={limitOf(o, i.occurrences)} from={from} resolved={i.resolved} marks={marks} refresh={liveRefresh(drawn.length)} />
        </div>
      ))}
      <Suspense fallback={null}>
        <BandKey />
      </Suspense>
      {drawn.length < shown.length && (
        <Button variant="default" size="xs" mt={14} onClick={() => setAll(true)}>
          Draw {shown.length - drawn.length} more
        </Button>
      )}
    </section>
  )
}

interface ChartProps {
  limit: number | undefined
  occurrence: Occurrence
  from: number
  resolved: string | undefined
  marks: Mark[]
  refresh: number
}

function OccurrenceChart({ occurrence: o, limit, from, resolved, marks, refresh }: ChartProps) {
  const over = isSet(resolved)
  const band = useResource(
    `band ${o.query} ${from} ${resolved ?? ''}`,
    async (signal) => {
      const to = over ? Math.min(Date.parse(resolved) + after, Date.now()) : Date.now()
      const step = Math.max(5, niceStep((to - from) / 1000))
      return { step, ...(await api.band(o.query ?? '', from, to, step, signal)) }
    },
    over ? 0 : refresh,
  )
  const title = `${o.signal ?? o.name}${instanceOf(o)}`
  if (!band.data) {
    return (
      <>
        <div className="chart-head">
          <h3>{title}</h3>
        </div>
        {band.error ? <p className="dim">It cannot be drawn: {band.error.message}</p> : <Loading what={title} />}
      </>
    )
  }
  return (
    <Suspense fallback={<Loading what={title} />}>
      <BandChart title={title} query={selector(o.query ?? '')} band={band.data} step={band.data.step} unit={band.data.unit || (o.unit ?? '')} marks={marks} limit={limit} />
    </Suspense>
  )
}

/** The limit of any rule on the same series. */
function limitOf(o: Occurrence, all: Occurrence[]): number | undefined {
  const series = selector(o.query ?? '')
  return all.find((x) => x.threshold !== null && selector(x.query ?? '') === series)?.threshold ?? undefined
}

function instanceOf(o: Occurrence): string {
  const instance = o.labels?.['instance']
  return instance ? ` on ${instance}` : ''
}
