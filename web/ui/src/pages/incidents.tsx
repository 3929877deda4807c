import { SegmentedControl, TextInput } from '@mantine/core'
import { useState } from 'react'
import { Link } from 'wouter'
import { api } from '../api/client.ts'
import { type IncidentRow, type Status, isOver } from '../api/nouns.ts'
import { useResource } from '../api/resource.ts'
import { probability, span } from '../format/number.ts'
import { arrows } from '../format/text.ts'
import { isSet } from '../format/time.ts'
import { useNow } from '../clock.ts'
import { useLive } from '../live-context.tsx'
import { SeverityMark, StateMark } from '../parts/marks.tsx'
import { Failure, Lesson, Loading, PointPrometheus } from '../parts/messages.tsx'
import { Ago, Lasting, When } from '../parts/when.tsx'

const states = [
  { value: 'all', label: 'All' },
  { value: 'open', label: 'Open' },
  { value: 'acknowledged', label: 'Acknowledged' },
  { value: 'ended', label: 'Over' },
  { value: 'candidate', label: 'Candidates' },
]

export function Incidents() {
  const [state, setState] = useState('all')
  const [service, setService] = useState('')
  const list = useResource(`incidents ${state}`, (signal) => api.incidents({ state, limit: 200 }, signal), 60_000)
  const status = useResource('status', (signal) => api.status(signal), 60_000)
  useLive(() => list.reload())
  const rows = (list.data?.incidents ?? []).filter((r) => r.service.toLowerCase().includes(service.trim().toLowerCase()))
  const live = rows.filter((r) => !isOver(r.state))
  const over = rows.filter((r) => isOver(r.state))
  const nothing = list.data !== undefined && list.data.incidents.length === 0
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{list.data ? <Watchword rows={list.data.incidents} filtered={state !== 'all'} blind={status.data?.store.series === 0} /> : 'Incidents'}</h1>
          <Keeping status={status.data} />
        </div>
        <div className="filters">
          <TextInput data-filter size="sm" placeholder="Service" aria-label="Only services whose name holds" value={service} onChange={(e) => setService(e.currentTarget.value)} w={150} />
          <SegmentedControl size="sm" data={states} value={state} onChange={setState} aria-label="State" />
        </div>
      </div>
      <Failure error={list.error} again={list.reload} />
      {list.loading && <Loading what="the incidents" />}
      {nothing && <Nothing status={status.data} state={state} />}
      {list.data && !nothing && rows.length === 0 && <p className="dim">No service here has a name with “{service}” in it.</p>}
      {live.length > 0 && <Ledger title="Under way" rows={live} />}
      {over.length > 0 && <Ledger title="Over" rows={over} />}
      {list.data?.more && <p className="dim">Only the first 200 are shown.</p>}
    </>
  )
}

/** The state of things in one sentence. Without data it is not called quiet. */
function Watchword({ rows, filtered, blind }: { rows: IncidentRow[]; filtered: boolean; blind: boolean }) {
  const now = useNow()
  const open = rows.filter((r) => r.state === 'open').length
  const taken = rows.filter((r) => r.state === 'acknowledged' || r.state === 'mitigated').length
  if (filtered) return <>Incidents</>
  if (open > 0) return <>{open === 1 ? 'One incident is open.' : `${number(open)} incidents are open.`}</>
  if (taken > 0) return <>{taken === 1 ? 'One incident, and somebody is on it.' : `${number(taken)} incidents, and somebody is on each.`}</>
  if (blind) return <>Nothing is watched yet.</>
  const last = rows.map((r) => (isSet(r.resolved) ? Date.parse(r.resolved) : 0)).reduce((a, b) => Math.max(a, b), 0)
  return <>{last > 0 ? `All quiet for ${span(now - last)}.` : 'All quiet.'}</>
}

function number(n: number): string {
  return ['No', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine'][n] ?? String(n)
}

function Keeping({ status }: { status: Status | undefined }) {
  if (!status || status.store.series === 0) return null
  return (
    <p>
      Watching {status.detector.watched.toLocaleString('en-GB')} series at {Math.round(status.store.samples_per_second).toLocaleString('en-GB')} samples a second.
      {!status.reload.ok && (
        <>
          {' '}
          <Link href="/status">The last reload was refused.</Link>
        </>
      )}
    </p>
  )
}

function Ledger({ title, rows }: { title: string; rows: IncidentRow[] }) {
  return (
    <section aria-label={title}>
      <h2 className="ledger-title">{title}</h2>
      <ul className="ledger">
        {rows.map((r) => (
          <Row key={r.id} row={r} />
        ))}
      </ul>
    </section>
  )
}

function Row({ row }: { row: IncidentRow }) {
  const over = isOver(row.state)
  return (
    <li>
      <Link href={`/incidents/${row.id}`} className="row" data-row data-severity={row.severity} data-state={row.state}>
        <span className="spine" aria-hidden="true" />
        <span className="when">
          {over ? <Ago at={row.resolved} /> : <Ago at={row.onset} />}
          <small>{over ? <>lasted <Lasting from={row.onset} to={row.resolved} /></> : <When at={row.onset} seconds={false} />}</small>
        </span>
        <span className="what">
          <strong>{arrows(row.title)}</strong>
          <TopSuspect row={row} />
        </span>
        <span className="side">
          <SeverityMark severity={row.severity} over={over} />
          <StateMark incident={row} />
        </span>
      </Link>
    </li>
  )
}

function TopSuspect({ row }: { row: IncidentRow }) {
  const s = row.top_suspect
  if (!s) return null
  return (
    <span className="second" style={{ display: 'block' }}>
      {s.change_id === '' ? 'No recent change fits' : <>Likely cause: {arrows(s.title)}</>} <span className="dim">({probability(s.probability)})</span>
    </span>
  )
}

function Nothing({ status, state }: { status: Status | undefined; state: string }) {
  if (state !== 'all') return <p className="dim">No incident is {state}.</p>
  if (status && status.store.series === 0) {
    return (
      <Lesson title="No samples have arrived yet">
        <PointPrometheus />
      </Lesson>
    )
  }
  return (
    <Lesson title="No incident so far">
      <p>
        An incident opens when a rule fires, when a signal that users feel leaves its ordinary range, or when several series of one service turn odd together. Until then you can look at{' '}
        <Link href="/anomalies">the anomalies</Link> that were too weak to wake anybody, or draw any series in <Link href="/explore">Explore</Link>.
      </p>
      <PointPrometheus />
    </Lesson>
  )
}
