import { Button, Switch } from '@mantine/core'
import { useRef, useState } from 'react'
import { useLocation, useSearchParams } from 'wouter'
import { metricNames } from '../api/prometheus.ts'
import { useResource } from '../api/resource.ts'
import { Metrics } from '../explore/metrics.tsx'
import { Panel } from '../explore/panel.tsx'
import { type Query, type View, canAdd, parseView, viewAddress } from '../explore/state.ts'
import { TimeBar, stepOf } from '../explore/time.tsx'
import { Failure, Lesson } from '../parts/messages.tsx'

const letters = 'ABCDEFGH'

export default function Explore() {
  const [params] = useSearchParams()
  const [, navigate] = useLocation()
  const view = parseView(params)
  const [round, setRound] = useState(0)
  const [listed, setListed] = useState(false)
  // Where a name from the list goes, and what is written but was not run yet.
  const focused = useRef(0)
  const drafts = useRef<Record<number, string>>({})
  const change = (v: Partial<View>) => navigate(viewAddress({ ...view, ...v }))
  const replace = (i: number, q: Partial<Query>) => view.queries.map((old, j) => (i === j ? { ...old, ...q } : old))
  const run = (i: number, expr: string) => {
    delete drafts.current[i]
    if (expr === view.queries[i]?.expr) setRound((n) => n + 1)
    else change({ queries: replace(i, { expr }) })
  }
  const pick = (name: string) => {
    const i = Math.min(focused.current, view.queries.length - 1)
    const draft = (drafts.current[i] ?? view.queries[i]?.expr ?? '').trim()
    run(i, draft === '' ? name : `${draft} ${name}`)
  }
  const zoom = (from: number, to: number) => change({ end: Math.round(to), range: Math.max(10, Math.round(to - from)), step: null })
  const span = { range: view.range, end: view.end, step: stepOf(view) }
  const empty = view.queries.every((q) => q.expr === '')
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Explore</h1>
          <p>
            Any series by PromQL. A single series is drawn with what the detector expected of it; <code>{'{tocsin_band="upper"}'}</code> and others select that in any expression.
          </p>
        </div>
        <Button variant="default" onClick={() => setListed(true)}>
          Metrics
        </Button>
      </div>
      <TimeBar view={view} change={change} />
      <div className="filters switches">
        <Switch label="Band of a single series" checked={view.band} onChange={(e) => change({ band: e.currentTarget.checked })} />
        <Switch label="Exemplars" checked={view.exemplars} onChange={(e) => change({ exemplars: e.currentTarget.checked })} />
      </div>
      <div className="stack">
        {view.queries.map((q, i) => (
          <Panel
            key={i}
            {...q}
            name={letters[i] ?? String(i + 1)}
            span={span}
            band={view.band}
            exemplars={view.exemplars}
            round={round}
            run={(expr) => run(i, expr)}
            show={(v) => change({ queries: replace(i, { view: v }) })}
            remove={view.queries.length > 1 ? () => change({ queries: view.queries.filter((_, j) => j !== i) }) : null}
            focus={() => (focused.current = i)}
            typed={(text) => (drafts.current[i] = text)}
            zoom={zoom}
          />
        ))}
        {!empty && (
          <div>
            <Button variant="default" disabled={!canAdd(view)} onClick={() => change({ queries: [...view.queries, { expr: '', view: 'graph' }] })}>
              Add a query
            </Button>
          </div>
        )}
        {empty && <Suggestions choose={(name) => run(0, name)} />}
      </div>
      <Metrics opened={listed} close={() => setListed(false)} pick={pick} />
    </>
  )
}

function Suggestions({ choose }: { choose: (query: string) => void }) {
  const names = useResource('metric names', (signal) => metricNames(signal))
  const signals = names.data?.filter((n) => n.startsWith('tocsin:')) ?? []
  return (
    <Lesson title="Draw a series">
      <p>
        Write a selector or any PromQL expression and press Enter; names, labels and functions are completed while you write. Signals of services are stored under names that begin with <code>tocsin:</code>.
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
