import { ActionIcon, Button, Modal, NativeSelect, TextInput, Textarea } from '@mantine/core'
import { useState } from 'react'
import { type Matcher, alertsApi } from '../api/alerts.ts'
import { Failure } from '../parts/messages.tsx'
import { useSigned } from '../parts/submit.ts'
import { type Operator, matcher, matches, operator, operators } from './matchers.ts'

const hour = 3600
const durations: [number, string][] = [
  [hour / 2, '30 minutes'],
  [hour, '1 hour'],
  [2 * hour, '2 hours'],
  [4 * hour, '4 hours'],
  [8 * hour, '8 hours'],
  [24 * hour, '1 day'],
  [72 * hour, '3 days'],
  [168 * hour, '7 days'],
]

interface Row {
  key: number
  name: string
  op: Operator
  value: string
}

interface Props {
  /** What the form begins with, such as the labels of an alert. */
  matchers: Matcher[]
  /** Labels of the alerts that stand now, to say what would be held back. */
  standing: Record<string, string>[]
  close: () => void
  done: () => void
}

/** Makes a silence that begins now. */
export function SilenceForm({ matchers, standing, close, done }: Props) {
  const [rows, setRows] = useState<Row[]>(() => (matchers.length > 0 ? matchers : [matcher('', '=', '')]).map((m, key) => ({ key, name: m.name, op: operator(m), value: m.value })))
  const [next, setNext] = useState(rows.length)
  const [seconds, setSeconds] = useState(2 * hour)
  const [comment, setComment] = useState('')
  const list = rows.filter((r) => r.name.trim() !== '').map((r) => matcher(r.name.trim(), r.op, r.value))
  const set = (key: number, change: Partial<Row>) => setRows((old) => old.map((r) => (r.key === key ? { ...r, ...change } : r)))
  const form = useSigned(
    (actor) => {
      const now = Date.now()
      return alertsApi.silence({
        matchers: list,
        startsAt: new Date(now).toISOString(),
        endsAt: new Date(now + seconds * 1000).toISOString(),
        createdBy: actor.trim(),
        comment: comment.trim(),
      })
    },
    () => {
      close()
      done()
    },
  )
  return (
    <Modal opened onClose={close} title="Silence" size="lg" centered closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={form.submit} className="stack">
        <p className="soft">Alerts that pass all of these are told to nobody until it ends. What still burns then is told.</p>
        <Failure error={form.error} />
        <fieldset className="matchers">
          <legend>Labels</legend>
          {rows.map((r, i) => (
            <div key={r.key}>
              <TextInput aria-label={`Name of label ${i + 1}`} placeholder="service" required={list.length === 0} value={r.name} onChange={(e) => set(r.key, { name: e.currentTarget.value })} />
              <NativeSelect aria-label={`How label ${i + 1} compares`} value={r.op} onChange={(e) => set(r.key, { op: e.currentTarget.value as Operator })} data={[...operators]} />
              <TextInput aria-label={`Value of label ${i + 1}`} placeholder="checkout" value={r.value} onChange={(e) => set(r.key, { value: e.currentTarget.value })} />
              <ActionIcon variant="default" size={36} aria-label={`Remove label ${i + 1}`} disabled={rows.length === 1} onClick={() => setRows(rows.filter((x) => x.key !== r.key))}>
                ×
              </ActionIcon>
            </div>
          ))}
          <Button
            variant="default"
            size="compact-sm"
            onClick={() => {
              setRows([...rows, { key: next, name: '', op: '=', value: '' }])
              setNext(next + 1)
            }}
          >
            Add a label
          </Button>
        </fieldset>
        <p className="dim" role="status">
          {reach(list, standing)}
        </p>
        <NativeSelect label="For" value={String(seconds)} onChange={(e) => setSeconds(Number(e.currentTarget.value))} data={durations.map(([s, label]) => ({ value: String(s), label }))} />
        <TextInput label="Your name" required maxLength={200} value={form.actor} onChange={(e) => form.setActor(e.currentTarget.value)} data-autofocus={form.actor === '' || undefined} />
        <Textarea label="Why" required maxLength={4000} rows={2} value={comment} onChange={(e) => setComment(e.currentTarget.value)} data-autofocus={form.actor !== '' || undefined} />
        <div className="acts">
          <Button type="submit" loading={form.busy}>
            Silence
          </Button>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
        </div>
      </form>
    </Modal>
  )
}

/** What a silence would hold back, in words. */
export function reach(list: Matcher[], standing: Record<string, string>[]): string {
  if (list.length === 0) return 'Name at least one label.'
  const found = standing.map((l) => matches(list, l))
  if (found.includes(null)) return 'Which alerts pass is not known here: a regular expression cannot be read.'
  const n = found.filter(Boolean).length
  if (n === 0) return 'No alert that stands now passes.'
  return `${n === 1 ? 'One alert' : `${n} alerts`} of the ${standing.length} that stand now ${n === 1 ? 'passes' : 'pass'}.`
}
