import { Button, Switch, TextInput } from '@mantine/core'
import { useState } from 'react'
import { Link } from 'wouter'
import { api } from '../api/client.ts'
import type { Anomaly } from '../api/nouns.ts'
import { useResource } from '../api/resource.ts'
import { score } from '../format/number.ts'
import { selector } from '../format/text.ts'
import { isSet } from '../format/time.ts'
import { distance, normal, worst } from '../format/worst.ts'
import { Failure, Lesson, Loading, PointPrometheus } from '../parts/messages.tsx'
import { Range } from '../parts/range.tsx'
import { Why } from '../parts/why.tsx'
import { Ago, Lasting, When } from '../parts/when.tsx'

const page = 50

export default function Anomalies() {
  const [text, setText] = useState('')
  const [current, setCurrent] = useState(false)
  const [shown, setShown] = useState(page)
  const list = useResource('anomalies', (signal) => api.anomalies({ limit: 300 }, signal), 10_000)
  const rows = (list.data?.anomalies ?? []).filter(
    (a) => `${a.service} ${a.name} ${a.kind ?? ''}`.toLowerCase().includes(text.trim().toLowerCase()) && (!current || !isSet(a.ended)),
  )
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Anomalies</h1>
          <p>Every episode in which a series left its ordinary range. Most are too weak to wake anybody; those that belong to an incident say so.</p>
        </div>
        <div className="filters">
          <TextInput data-filter size="sm" placeholder="Service or signal" aria-label="Only anomalies that hold" value={text} onChange={(e) => setText(e.currentTarget.value)} w={180} />
          <Switch label="Under way" checked={current} onChange={(e) => setCurrent(e.currentTarget.checked)} mb={8} />
        </div>
      </div>
      <Failure error={list.error} again={list.reload} />
      {list.loading && <Loading what="the anomalies" />}
      {list.data?.anomalies.length === 0 && (
        <Lesson title="Nothing odd was seen yet">
          <p>The detector learns each series while it is written and tells of samples outside what is ordinary for that series. It says little in the first hours, on purpose.</p>
          <PointPrometheus />
        </Lesson>
      )}
      {list.data && list.data.anomalies.length > 0 && rows.length === 0 && <p className="dim">No anomaly fits the filter.</p>}
      {rows.length > 0 && (
        <ul className="ledger">
          {rows.slice(0, shown).map((a) => (
            <Row key={a.key + a.since} anomaly={a} />
          ))}
        </ul>
      )}
      {rows.length > shown && (
        <Button variant="default" size="sm" mt={14} onClick={() => setShown(shown + page)}>
          Show more
        </Button>
      )}
      {list.data?.more && shown >= rows.length && <p className="dim">Only the latest 300 are shown.</p>}
    </>
  )
}

function Row({ anomaly: a }: { anomaly: Anomaly }) {
  const instance = a.labels?.['instance']
  const n = normal(a)
  return (
    <li>
      <div className="row" data-row tabIndex={-1}>
        <span className="spine" aria-hidden="true" />
        <span className="when">
          <Ago at={a.since} />
          <small>
            <When at={a.since} seconds={false} />
          </small>
        </span>
        <span className="what">
          <strong>{a.service}</strong> {a.query ? <Link href={`/explore?query=${encodeURIComponent(selector(a.query))}`}>{a.name}</Link> : a.name}
          {instance && <span className="dim"> on {instance}</span>}
          <span className="second" style={{ display: 'block' }}>
            {distance(a, isSet(a.ended) && a.condition !== 'held')}
          </span>
          <Range value={worst(a).value} lower={n.lower} upper={n.upper} expected={n.expected} />
          {a.kind === 'group' && <Guilty labels={a.labels ?? {}} />}
          {a.query && a.kind !== 'group' && <Why query={a.query} at={worst(a).at} />}
        </span>
        <span className="side">
          <span>
            {(a.kind ?? 'odd').replace('_', ' ')}, score {score(a.peak)}
          </span>
          <span>{isSet(a.ended) ? <>lasted <Lasting from={a.since} to={a.ended} /></> : a.condition === 'held' ? 'its data stopped' : 'under way'}</span>
          {a.incident && <Link href={`/incidents/${a.incident}`}>in an incident</Link>}
        </span>
      </div>
    </li>
  )
}

/** The metrics of a service that were the oddest, each leading to its chart. */
function Guilty({ labels }: { labels: Record<string, string> }) {
  const oddest = Object.keys(labels)
    .filter((name) => name.startsWith('guilty_'))
    .sort()
    .map((name) => selector(labels[name] ?? ''))
  if (oddest.length === 0) return null
  return (
    <span className="second" style={{ display: 'block' }}>
      oddest:{' '}
      {oddest.map((query, i) => (
        <span key={query}>
          {i > 0 && ', '}
          <Link href={`/explore?query=${encodeURIComponent(query)}`}>{within(query)}</Link>
        </span>
      ))}
    </span>
  )
}

/** A selector without the service, which stands beside it. */
function within(query: string): string {
  return query.replace(/(,|(?<=\{))service="[^"]*"/, '').replace('{,', '{').replace('{}', '')
}
