import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import { api } from '../api/client.ts'
import type { NotifyEntry, NotifyWhat } from '../api/nouns.ts'
import { useResource } from '../api/resource.ts'
import { Failure, Lesson, Loading } from '../parts/messages.tsx'
import { Ago, When } from '../parts/when.tsx'

const page = 100
const most = 500

const words: Record<NotifyWhat, string> = {
  sent: 'sent', retry: 'not delivered yet', failed: 'failed', muted: 'held back', unmuted: 'let go', merged: 'merged', dropped: 'dropped',
  skipped: 'skipped', unrouted: 'for nobody', fallback: 'told elsewhere', escalated: 'escalation',
}

const chip: Partial<Record<NotifyWhat, string>> = {
  sent: 'chip calm', retry: 'chip warn', failed: 'chip burn', dropped: 'chip burn', unrouted: 'chip warn', fallback: 'chip warn', escalated: 'chip warn',
}

/** The journal of notifications: what became of every message, and why. */
export default function Notifications() {
  const [params, setParams] = useSearchParams()
  const incident = params.get('incident') ?? ''
  const what = params.get('what') ?? ''
  const [text, setText] = useState('')
  const [limit, setLimit] = useState(page)
  const list = useResource(`notifications ${incident} ${what} ${limit}`, (signal) => api.notifications({ incident, what, limit }, signal), 10_000)
  const rows = (list.data?.entries ?? []).filter((e) => matches(e, text))
  const choose = (name: string, value: string) =>
    setParams((old) => {
      const next = new URLSearchParams(old)
      if (value === '') next.delete(name)
      else next.set(name, value)
      return next
    })
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Notifications</h1>
          <p>What became of every message: who was told, what was held back and by what, what was tried again, and what nobody was told.</p>
          {incident && (
            <p>
              Only about <Link href={`/incidents/${incident}`}>one incident</Link>.{' '}
              <Button variant="default" size="compact-sm" onClick={() => choose('incident', '')}>
                Show all
              </Button>
            </p>
          )}
        </div>
        <div className="filters">
          <TextInput data-filter size="sm" w={200} placeholder="Channel or reason" aria-label="Only entries that hold" value={text} onChange={(e) => setText(e.currentTarget.value)} />
          <NativeSelect
            size="sm"
            aria-label="What happened"
            value={what}
            onChange={(e) => choose('what', e.currentTarget.value)}
            data={[{ value: '', label: 'All that happened' }, ...Object.entries(words).map(([value, label]) => ({ value, label }))]}
          />
        </div>
      </div>
      <Failure error={list.error} again={list.reload} />
      {list.loading && <Loading what="the journal" />}
      {list.data?.entries.length === 0 &&
        (incident === '' && what === '' ? (
          <Lesson title="Nothing was told yet">
            <p>When an incident opens, its channels are told. Each try is listed here, and so is what is held back by a silence or a maintenance window.</p>
          </Lesson>
        ) : (
          <p className="dim">Nothing of the kind happened.</p>
        ))}
      {list.data && list.data.entries.length > 0 && rows.length === 0 && <p className="dim">No entry holds “{text}”.</p>}
      {rows.length > 0 && (
        <ul className="ledger">
          {rows.map((e) => (
            <Row key={e.id} entry={e} />
          ))}
        </ul>
      )}
      {list.data?.more && limit < most && (
        <Button variant="default" size="sm" mt={14} onClick={() => setLimit(Math.min(most, limit + page))}>
          Show more
        </Button>
      )}
      {list.data?.more && limit >= most && <p className="dim">Only the latest {most} are shown; tocsin notify log has the rest.</p>}
    </>
  )
}

function matches(e: NotifyEntry, text: string): boolean {
  return [e.channel, e.event, e.reason, e.detail, e.code].join(' ').toLowerCase().includes(text.trim().toLowerCase())
}

function Row({ entry: e }: { entry: NotifyEntry }) {
  const group = e.subject.startsWith('group/')
  return (
    <li>
      <div className="row" data-row tabIndex={-1}>
        <span className="spine" aria-hidden="true" />
        <span className="when">
          <Ago at={e.at} />
          <small>
            <When at={e.at} seconds />
          </small>
        </span>
        <span className="what">
          <strong>{e.channel ?? 'nobody'}</strong> <span className={chip[e.what] ?? 'chip'}>{words[e.what]}</span>{' '}
          <span className="dim">{(e.event ?? '').replace('group/', '')}</span>
          {e.detail && (
            <span className="second" style={{ display: 'block' }}>
              {e.detail}
            </span>
          )}
        </span>
        <span className="side">
          {e.attempt !== undefined && e.what !== 'merged' && <span>try {e.attempt}</span>}
          {e.code && <span>answer {e.code}</span>}
          {group || e.subject === '' ? <span>{e.subject}</span> : <Link href={`/incidents/${e.subject}`}>the incident</Link>}
        </span>
      </div>
    </li>
  )
}
