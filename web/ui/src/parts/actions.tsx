import { Button, Modal, TextInput, Textarea } from '@mantine/core'
import { type SubmitEvent, useState } from 'react'
import { ApiError, api } from '../api/client.ts'
import type { Incident } from '../api/nouns.ts'
import { Failure } from './messages.tsx'

type Verb = 'ack' | 'resolve'

const nameKey = 'tocsin-name'

/** The name that a person gave before; empty when none is known. */
export function storedName(): string {
  try {
    return localStorage.getItem(nameKey) ?? ''
  } catch {
    return '' // storage is switched off: ask each time
  }
}

/** Keeps the name for the next time. */
export function storeName(name: string): void {
  try {
    localStorage.setItem(nameKey, name)
  } catch {
    // as above
  }
}

/** Acknowledge and resolve, each with a name and a note. */
export function Actions({ incident, changed }: { incident: Incident; changed: () => void }) {
  const [verb, setVerb] = useState<Verb | null>(null)
  if (incident.state === 'resolved') return null
  return (
    <div className="acts">
      {incident.state === 'open' && (
        <Button data-act="ack" onClick={() => setVerb('ack')}>
          Acknowledge
        </Button>
      )}
      <Button data-act="resolve" variant="default" onClick={() => setVerb('resolve')}>
        Resolve
      </Button>
      {verb && <Dialog incident={incident} verb={verb} close={() => setVerb(null)} done={changed} />}
    </div>
  )
}

const words = {
  ack: { title: 'Acknowledge', says: 'Says that you are on it. It stays under way until it recovers or somebody resolves it.', button: 'I am on it' },
  resolve: { title: 'Resolve', says: 'Says that it is over, whatever the data show. It comes back if it fires again.', button: 'It is over' },
}

function Dialog({ incident, verb, close, done }: { incident: Incident; verb: Verb; close: () => void; done: () => void }) {
  const [actor, setActor] = useState(storedName)
  const [note, setNote] = useState('')
  const [error, setError] = useState<ApiError>()
  const [busy, setBusy] = useState(false)
  const submit = async (e: SubmitEvent<HTMLFormElement>) => {
    e.preventDefault()
    setBusy(true)
    try {
      await api.act(incident.id, verb, actor, note)
      storeName(actor.trim())
      close()
      done()
    } catch (x) {
      setError(x instanceof ApiError ? x : new ApiError(String(x), 0, false))
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={close} title={words[verb].title} centered closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={(e) => void submit(e)} className="stack">
        <p className="soft">
          {incident.title}. {words[verb].says}
        </p>
        <Failure error={error} />
        <TextInput label="Your name" required maxLength={200} value={actor} onChange={(e) => setActor(e.currentTarget.value)} data-autofocus={actor === '' || undefined} />
        <Textarea label="Note" maxLength={4000} rows={3} value={note} onChange={(e) => setNote(e.currentTarget.value)} data-autofocus={actor !== '' || undefined} />
        <div className="acts">
          <Button type="submit" loading={busy}>
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
