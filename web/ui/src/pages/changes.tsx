import { NativeSelect, TextInput } from '@mantine/core'
import { useState } from 'react'
import { api } from '../api/client.ts'
import type { Change, StageNote, VerdictState } from '../api/nouns.ts'
import { useResource } from '../api/resource.ts'
import { arrows } from '../format/text.ts'
import { isSet } from '../format/time.ts'
import { OutLink } from '../parts/marks.tsx'
import { Failure, Lesson, Loading, TellOfChange } from '../parts/messages.tsx'
import { Stages } from '../parts/stages.tsx'
import { Verdict } from '../parts/verdict.tsx'
import { Ago, Lasting, When } from '../parts/when.tsx'

const kinds = ['deployment', 'config', 'flag', 'schema', 'infra', 'scale', 'certificate', 'dependency', 'restart']

export default function Changes() {
  const [text, setText] = useState('')
  const [kind, setKind] = useState('')
  const list = useResource(`changes ${kind}`, (signal) => api.changes({ kind, limit: 500 }, signal), 15_000)
  const rows = (list.data?.changes ?? []).filter((c) => matches(c, text))
  const nothing = list.data?.changes.length === 0
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Changes</h1>
          <p>What people and pipelines did to the services, the latest first. These are the suspects of the next incident.</p>
        </div>
        <div className="filters">
          <TextInput data-filter size="sm" w={225} placeholder="Service, version, author" aria-label="Only changes that hold" value={text} onChange={(e) => setText(e.currentTarget.value)} />
          <NativeSelect size="sm" aria-label="Kind" value={kind} onChange={(e) => setKind(e.currentTarget.value)} data={[{ value: '', label: 'All kinds' }, ...kinds]} />
        </div>
      </div>
      <Failure error={list.error} again={list.reload} />
      {list.loading && <Loading what="the changes" />}
      {nothing && (kind === '' ? (
        <Lesson title="No change was told yet">
          <TellOfChange />
        </Lesson>
      ) : (
        <p className="dim">No change of the kind {kind} was told.</p>
      ))}
      {list.data && !nothing && rows.length === 0 && <p className="dim">No change holds “{text}”.</p>}
      {rows.length > 0 && (
        <ul className="ledger">
          {rows.map((c) => (
            <Row key={c.id} change={c} verdict={list.data?.verdicts[c.id]} note={list.data?.stages?.[c.id]} undone={undone(rows, c)} />
          ))}
        </ul>
      )}
      {list.data?.more && <p className="dim">Only the latest 500 are shown.</p>}
    </>
  )
}

/** What a rollback takes back, in words. */
function undone(all: Change[], c: Change): string | undefined {
  const id = c.labels?.['revert_of']
  if (!id) return undefined
  return all.find((x) => x.id === id)?.version_to || id
}

/** By what a change is known that nobody told, or that was seen beside. */
function seen(c: Change): string {
  const by = (c.sources ?? []).filter((s) => s.startsWith('telemetry/')).map((s) => s.slice('telemetry/'.length).replaceAll('_', ' '))
  if (by.length === 0) return ''
  return `${c.sources?.includes('reported') ? 'told, and seen' : 'seen'} by ${by.join(', ')}`
}

function matches(c: Change, text: string): boolean {
  const all = [c.service, c.kind, c.version_from, c.version_to, c.author, c.summary, c.environment].join(' ').toLowerCase()
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word))
}

const standing: Record<Change['status'], [string, string]> = {
  started: ['chip warn', 'under way'],
  succeeded: ['chip', 'succeeded'],
  failed: ['chip burn', 'failed'],
  rolled_back: ['chip warn', 'rolled back'],
}

const words: Record<VerdictState, [string, string]> = {
  collecting: ['chip', 'being judged'],
  healthy: ['chip calm', 'did no harm'],
  suspicious: ['chip warn', 'suspicious'],
  faulty: ['chip burn', 'did harm'],
  undecided: ['chip', 'harm not known'],
}

function Row({ change: c, verdict, note, undone }: { change: Change; verdict: VerdictState | undefined; note: StageNote | undefined; undone: string | undefined }) {
  const [open, setOpen] = useState(false)
  const [chip, word] = standing[c.status] ?? ['chip', c.status]
  const versions = [c.version_from, c.version_to].filter(Boolean).join(' → ')
  return (
    <li>
      <div className="row" data-row tabIndex={-1}>
        <span className="spine" aria-hidden="true" />
        <span className="when">
          <Ago at={c.started} />
          <small>
            <When at={c.started} seconds={false} />
          </small>
        </span>
        <span className="what">
          <strong>{c.service}</strong> {c.kind} {versions && <span className="mono">{versions}</span>}
          <span className="second" style={{ display: 'block' }}>
            {[arrows(c.summary ?? ''), undone && `rolls back ${undone}`, c.author && `by ${c.author}`, note ? '' : c.environment, seen(c)].filter(Boolean).join(' · ')} <OutLink href={c.link}>Open</OutLink>
          </span>
          {note && <Stages note={note} />}
        </span>
        <span className="side">
          {verdict && (
            <button type="button" className={`${words[verdict][0]}`} aria-expanded={open} onClick={() => setOpen(!open)}>
              {words[verdict][1]}
            </button>
          )}
          <span className={chip}>{word}</span>
          {isSet(c.finished) && c.finished !== c.started && (
            <span>
              took <Lasting from={c.started} to={c.finished} />
            </span>
          )}
        </span>
      </div>
      {open && <Verdict id={c.id} />}
    </li>
  )
}
