import { Switch, TextInput, UnstyledButton } from '@mantine/core'
import { Suspense, lazy, useId, useState } from 'react'
import { Link } from 'wouter'
import { api } from '../api/client.ts'
import type { Objective, ObjectiveBurn } from '../api/nouns.ts'
import { queryRange } from '../api/prometheus.ts'
import { useResource } from '../api/resource.ts'
import type { Hidden } from '../chart/lines-chart.tsx'
import { count, figure, span } from '../format/number.ts'
import { Failure, Lesson, Loading } from '../parts/messages.tsx'
import { Snippet } from '../parts/snippet.tsx'

const LinesChart = lazy(() => import('../chart/lines-chart.tsx'))

const example = `slos:
  - name: availability
    objective: 99.9%
    signal: availability`

/** Percent with the digits that an objective is written with: 99.95 %. */
export const target = (v: number) => `${Number((v * 100).toPrecision(7))}%`

/** What is left of a budget, as people say it. */
export function left(o: Pick<Objective, 'budget_left'>): string {
  if (o.budget_left === null) return 'no data yet'
  if (o.budget_left >= 0) return `${Math.floor(o.budget_left * 1000) / 10}% of the budget left`
  return `overdrawn by ${count(Math.ceil(-o.budget_left * 1000) / 10)}%`
}

export default function Objectives() {
  const [text, setText] = useState('')
  const [burning, setBurning] = useState(false)
  const list = useResource('objectives', (signal) => api.objectives(signal), 15_000)
  const all = list.data?.slos ?? []
  const rows = all.filter((o) => `${o.service} ${o.name}`.toLowerCase().includes(text.trim().toLowerCase()) && (!burning || o.burning !== undefined))
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Objectives</h1>
          <p>How much of each error budget is left, and how fast it burns. A rate of 1 uses it up in exactly its window.</p>
        </div>
        <div className="filters">
          <TextInput data-filter size="sm" placeholder="Service or objective" aria-label="Only objectives that hold" value={text} onChange={(e) => setText(e.currentTarget.value)} w={180} />
          <Switch label="Burning" checked={burning} onChange={(e) => setBurning(e.currentTarget.checked)} mb={8} />
        </div>
      </div>
      <Failure error={list.error} again={list.reload} />
      {list.loading && <Loading what="the objectives" />}
      {list.data && all.length === 0 && (
        <Lesson title="There are no objectives">
          <p>Name a file with service level objectives in <code>rules.slo_files</code>:</p>
          <Snippet text={example} />
        </Lesson>
      )}
      {all.length > 0 && rows.length === 0 && <p className="dim">No objective fits the filter.</p>}
      {rows.length > 0 && (
        <ul className="ledger">
          {rows.map((o) => (
            <Row key={`${o.name} ${o.service} ${o.environment ?? ''}`} o={o} />
          ))}
        </ul>
      )}
      {list.data?.more && <p className="dim">Only the first 500 are shown.</p>}
    </>
  )
}

function Row({ o }: { o: Objective }) {
  const [open, setOpen] = useState(false)
  const id = useId()
  const part = Math.max(0, Math.min(1, o.budget_left ?? 0))
  return (
    <li>
      <div className="row" data-row tabIndex={-1} data-severity={o.burning} data-state={o.burning ? 'open' : undefined}>
        <span className="spine" aria-hidden="true" />
        <span className="when">
          {target(o.objective)}
          <small>over {span(o.window_seconds * 1000)}</small>
        </span>
        <span className="what">
          <strong>{o.service || 'no service'}</strong> {o.name}
          {o.environment && <span className="dim"> in {o.environment}</span>}
          {o.shadow && <span className="dim"> (shadow)</span>}
          <span className="second" style={{ display: 'block' }}>
            {o.description ?? o.counts}
          </span>
          <span className="bar" aria-hidden="true" style={{ display: 'block', margin: '8px 0 4px', maxWidth: '26rem' }}>
            <i style={{ width: `${100 * part}%` }} />
          </span>
          <Share o={o} />
          {o.query && (
            <UnstyledButton className="second" fz="sm" td="underline" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
              How it burns
            </UnstyledButton>
          )}
          <div id={id}>{open && <Burning o={o} />}</div>
        </span>
        <span className="side">
          <span>{left(o)}</span>
          <span>{o.burning ? `burns, ${o.burning}` : o.events === null ? '' : 'burns no faster than it may'}</span>
        </span>
      </div>
    </li>
  )
}

/** The share of bad events with its interval. */
function Share({ o }: { o: Objective }) {
  if (o.error_ratio === null) return <span className="dim">Nothing was counted yet.</span>
  return (
    <span className="second" style={{ display: 'block' }}>
      {figure(o.error_ratio, 'ratio')} of {count(o.events)} events were bad ({figure(o.ratio_lower, 'ratio')} to {figure(o.ratio_upper, 'ratio')})
      {o.observed_seconds < 0.95 * o.window_seconds && <>, in the {span(o.observed_seconds * 1000)} that are known</>}
    </span>
  )
}

const day = 86_400

/** The burn rates, and the last day of them and of the budget. */
function Burning({ o }: { o: Objective }) {
  const [off, setOff] = useState<Hidden | null>(null)
  const queries = [...o.burns.map((b) => b.query).filter((q) => q !== undefined)]
  const chart = useResource(`burn ${o.query}`, async (signal) => {
    const end = Math.floor(Date.now() / 60_000) * 60
    const found = await Promise.all(queries.map((q) => queryRange(q, end - day, end, 120, signal)))
    return found.flatMap((f) => f.series)
  }, 60_000)
  return (
    <>
      <table className="figures">
        <thead>
          <tr>
            <th scope="col">Alert</th>
            <th scope="col">Over</th>
            <th scope="col">Burns at</th>
            <th scope="col">Limit</th>
          </tr>
        </thead>
        <tbody>
          {o.burns.map((b) => (
            <Burn key={b.long_seconds} b={b} />
          ))}
        </tbody>
      </table>
      <Failure error={chart.error} again={chart.reload} />
      {chart.data && chart.data.length > 0 && (
        <Suspense fallback={<Loading what="the chart" />}>
          <LinesChart series={chart.data} unit="" height={180} step={120} off={off} setOff={setOff} />
        </Suspense>
      )}
      {o.query && (
        <p>
          <Link href={`/explore?query=${encodeURIComponent(o.query)}`}>The budget over time</Link> <span className="dim">{o.source}</span>
        </p>
      )}
    </>
  )
}

function Burn({ b }: { b: ObjectiveBurn }) {
  return (
    <tr>
      <td>{b.severity}</td>
      <td>
        {span(b.long_seconds * 1000)} and {span(b.short_seconds * 1000)}
      </td>
      <td style={b.burning ? { fontWeight: 600 } : undefined}>
        {count(b.long_rate)} and {count(b.short_rate)}
        {b.burning && ', too fast'}
      </td>
      <td>{count(b.rate)}</td>
    </tr>
  )
}
