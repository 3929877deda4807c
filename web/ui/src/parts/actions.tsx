import { Button, Modal, TextInput, Textarea } from '@mantine/core'
import { useState } from 'react'
import { type Verb, api } from '../api/client.ts'
import type { Incident, IncidentState } from '../api/nouns.ts'
import { Failure } from './messages.tsx'
import { useSigned } from './submit.ts'

const words: Record<Verb, { name: string; title: string; says: string; button: string }> = {
  ack: { name: 'Acknowledge', title: 'Acknowledge', says: 'Says that you are on it. It stays under way until it recovers or somebody resolves it.', button: 'I am on it' },
  resolve: { name: 'Resolve', title: 'Resolve', says: 'Says that it is over, whatever the data show. It comes back if it fires again.', button: 'It is over' },
  mitigate: { name: 'Mitigated', title: 'Mitigated', says: 'Says that users are spared, although the cause may still be there. It opens again if something new fires.', button: 'Users are spared' },
  merge: { name: 'Merge', title: 'Merge', says: 'Makes it and another one incident: the older goes on with what both hold.', button: 'They are one' },
  close: { name: 'Close', title: 'Close', says: 'Says that it will not reopen. What comes back opens another.', button: 'Close it' },
}

/** What can be done to an incident in a state. That it was a false alarm is said below it, where people say what else was wrong. */
export function verbs(state: IncidentState): Verb[] {
  switch (state) {
    case 'open':
      return ['ack', 'resolve', 'mitigate', 'merge']
    case 'acknowledged':
      return ['resolve', 'mitigate', 'merge']
    case 'mitigated':
      return ['resolve', 'merge']
    case 'resolved':
    case 'expired':
      return ['close']
    case 'closed':
    case 'candidate':
    case 'merged':
    case 'false_positive':
      return []
  }
}

/** The buttons for what can be done, each with a name and a note. */
export function Actions({ incident, changed }: { incident: Incident; changed: () => void }) {
  const [verb, setVerb] = useState<Verb | null>(null)
  const can = verbs(incident.state)
  if (can.length === 0) return null
  return (
    <div className="acts">
      {can.map((v) => (
        <Button key={v} data-act={v} variant={v === 'ack' ? 'filled' : v === 'resolve' ? 'default' : 'subtle'} onClick={() => setVerb(v)}>
          {words[v].name}
        </Button>
      ))}
      {verb && <Dialog incident={incident} verb={verb} close={() => setVerb(null)} done={changed} />}
    </div>
  )
}

function Dialog({ incident, verb, close, done }: { incident: Incident; verb: Verb; close: () => void; done: () => void }) {
  const [note, setNote] = useState('')
  const [other, setOther] = useState('')
  const form = useSigned(
    (actor) => api.act(incident.id, verb, actor, note, verb === 'merge' ? other.trim() : undefined),
    () => {
      close()
      done()
    },
  )
  return (
    <Modal opened onClose={close} title={words[verb].title} centered closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={form.submit} className="stack">
        <p className="soft">
          {incident.title}. {words[verb].says}
        </p>
        <Failure error={form.error} />
        {verb === 'merge' && <TextInput label="Id of the other incident" required value={other} onChange={(e) => setOther(e.currentTarget.value)} />}
        <TextInput label="Your name" required maxLength={200} value={form.actor} onChange={(e) => form.setActor(e.currentTarget.value)} data-autofocus={form.actor === '' || undefined} />
        <Textarea label="Note" maxLength={4000} rows={3} value={note} onChange={(e) => setNote(e.currentTarget.value)} data-autofocus={form.actor !== '' || undefined} />
        <div className="acts">
          <Button type="submit" loading={form.busy}>
            {words[verb].button}
          </Button>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
        </div>
      </form>
    </Modal>
  )
}
