import { Button, Modal, NativeSelect, TextInput, Textarea } from '@mantine/core'
import { useState } from 'react'
import { Link } from 'wouter'
import { type Feedback as Said, type FeedbackKind, type FeedbackRequest, learnedApi } from '../api/learned.ts'
import type { Incident, Ranking } from '../api/nouns.ts'
import { useResource } from '../api/resource.ts'
import { arrows } from '../format/text.ts'
import { Failure } from './messages.tsx'
import { useSigned } from './submit.ts'
import { Ago } from './when.tsx'

const none = 'none'
const hour = 3600

interface Props {
  incident: Incident
  ranking: Ranking | null
  changed: () => void
}

const words: Record<FeedbackKind, { button: string; title: string; says: string; done: string }> = {
  right_cause: { button: 'Right cause', title: 'The cause is right', says: 'Later rankings learn from it.', done: 'Right cause' },
  wrong_cause: { button: 'Wrong cause', title: 'The cause is wrong', says: 'Later rankings learn from it, more so if you know which one was right.', done: 'Wrong cause' },
  false_alarm: { button: 'False alarm', title: 'It is a false alarm', says: 'The incident ends, and what opened it is charged to the service’s budget of false alarms, so that it takes more to open the next one.', done: 'False alarm' },
  expected: { button: 'Expected', title: 'It is expected', says: 'The incident ends. Until then, what is like it is recorded but opens nothing.', done: 'Expected' },
}

/** What people say of the incident, and the buttons to say it. */
export function Feedback({ incident, ranking, changed }: Props) {
  const said = useResource(`feedback ${incident.id}`, (signal) => learnedApi.feedback(incident.id, signal), 60_000)
  const [kind, setKind] = useState<FeedbackKind | null>(null)
  const ranked = (ranking?.findings.length ?? 0) > 0
  const kinds: FeedbackKind[] = ranked ? ['right_cause', 'wrong_cause', 'false_alarm', 'expected'] : ['false_alarm', 'expected']
  return (
    <section className="sheet o3" aria-labelledby="feedback">
      <header>
        <h2 id="feedback">Was this right?</h2>
        <p>
          <Link href="/feedback">what was learned</Link>
        </p>
      </header>
      <Failure error={said.error} again={said.reload} />
      {said.data?.feedback.map((f) => (
        <p key={f.id}>
          <b>{words[f.kind].done}</b>
          {f.cause && `: ${titleOf(ranking, f.cause)}`}
          {f.kind === 'wrong_cause' && f.right && `; right was ${titleOf(ranking, f.right)}`}
          {f.note && `: ${f.note}`}{' '}
          <span className="dim">
            by {f.actor}, <Ago at={f.at} />
            {chargedText(f)}
          </span>
        </p>
      ))}
      <div className="acts" style={{ marginTop: 10 }}>
        {kinds.map((k) => (
          <Button key={k} variant="default" size="xs" onClick={() => setKind(k)}>
            {words[k].button}
          </Button>
        ))}
      </div>
      {kind && (
        <Dialog
          kind={kind}
          incident={incident}
          ranking={ranking}
          close={() => setKind(null)}
          done={() => {
            said.reload()
            changed()
          }}
        />
      )}
    </section>
  )
}

function chargedText(f: Said): string {
  if (f.kind !== 'false_alarm') return ''
  return f.charged ? `, ${f.charged} charged to the budget` : ', nothing left to charge'
}

function titleOf(ranking: Ranking | null, cause: string): string {
  if (cause === none) return 'no recent change'
  return arrows(ranking?.findings.find((f) => f.change?.id === cause)?.title ?? cause)
}

function Dialog({ kind, incident, ranking, close, done }: { kind: FeedbackKind; incident: Incident; ranking: Ranking | null; close: () => void; done: () => void }) {
  const causes = (ranking?.findings ?? []).map((f) => ({ value: f.change?.id ?? none, label: f.change ? arrows(f.title) : 'no recent change' }))
  const [note, setNote] = useState('')
  const [cause, setCause] = useState(causes[0]?.value ?? '')
  const [right, setRight] = useState('')
  const [signal, setSignal] = useState('')
  const [seconds, setSeconds] = useState(4 * hour)
  const [from, setFrom] = useState('')
  const [to, setTo] = useState('')
  const about = kind === 'right_cause' || kind === 'wrong_cause'
  const signals = [...new Set(incident.occurrences.map((o) => o.signal ?? o.name))].sort()
  const request = (actor: string): FeedbackRequest => {
    const base: FeedbackRequest = { kind, actor: actor.trim() }
    if (about) return { ...base, note: note.trim(), cause, right: kind === 'wrong_cause' ? right : '' }
    if (kind === 'false_alarm') return { ...base, note: note.trim() }
    return {
      ...base,
      expect: {
        service: incident.service,
        ...(incident.environment && { environment: incident.environment }),
        ...(signal && { signal }),
        ...(from && to && { hours: { from, to, zone: Intl.DateTimeFormat().resolvedOptions().timeZone } }),
        reason: note.trim(),
        for_seconds: seconds,
      },
    }
  }
  const form = useSigned(
    (actor) => learnedApi.say(incident.id, request(actor)),
    () => {
      close()
      done()
    },
  )
  return (
    <Modal opened onClose={close} title={words[kind].title} centered closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={form.submit} className="stack">
        <p className="soft">{words[kind].says}</p>
        <Failure error={form.error} />
        {about && <NativeSelect label="Which cause" value={cause} onChange={(e) => setCause(e.currentTarget.value)} data={causes} />}
        {kind === 'wrong_cause' && <NativeSelect label="Which one was right" value={right} onChange={(e) => setRight(e.currentTarget.value)} data={[{ value: '', label: 'not known' }, ...causes.filter((c) => c.value !== cause)]} />}
        {kind === 'expected' && (
          <>
            <NativeSelect label={`What of ${incident.service || 'it'} is expected`} value={signal} onChange={(e) => setSignal(e.currentTarget.value)} data={[{ value: '', label: 'anything' }, ...signals.map((s) => ({ value: s, label: s }))]} />
            <NativeSelect
              label="For how long"
              value={String(seconds)}
              onChange={(e) => setSeconds(Number(e.currentTarget.value))}
              data={[
                { value: String(hour), label: '1 hour' },
                { value: String(4 * hour), label: '4 hours' },
                { value: String(24 * hour), label: '1 day' },
                { value: String(7 * 24 * hour), label: '7 days' },
                { value: String(30 * 24 * hour), label: '30 days' },
                { value: String(180 * 24 * hour), label: '180 days' },
              ]}
            />
            <div className="acts">
              <TextInput label="Only from" type="time" value={from} onChange={(e) => setFrom(e.currentTarget.value)} />
              <TextInput label="to" type="time" required={from !== ''} value={to} onChange={(e) => setTo(e.currentTarget.value)} />
            </div>
          </>
        )}
        <TextInput label="Your name" required maxLength={200} value={form.actor} onChange={(e) => form.setActor(e.currentTarget.value)} data-autofocus={form.actor === '' || undefined} />
        <Textarea label={kind === 'expected' ? 'Why' : 'Note'} required={kind === 'expected'} maxLength={1000} rows={2} value={note} onChange={(e) => setNote(e.currentTarget.value)} data-autofocus={form.actor !== '' || undefined} />
        <div className="acts">
          <Button type="submit" loading={form.busy}>
            Say so
          </Button>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
        </div>
      </form>
    </Modal>
  )
}
