import { Button, Modal, Switch } from '@mantine/core'
import { useState } from 'react'
import { ApiError } from '../api/client.ts'
import { type Silence, alertsApi } from '../api/alerts.ts'
import { Failure } from '../parts/messages.tsx'
import { Ago, When } from '../parts/when.tsx'
import { matcherText } from './matchers.ts'

const chip = { active: 'chip warn', pending: 'chip', expired: 'chip' }
const words = { active: 'in force', pending: 'to come', expired: 'over' }
const rank = { active: 0, pending: 1, expired: 2 }

/** Silences, those in force first; those that are over are shown when asked for. */
export function Silences({ silences, changed }: { silences: Silence[]; changed: () => void }) {
  const [past, setPast] = useState(false)
  const [ending, setEnding] = useState<Silence | null>(null)
  const over = silences.filter((s) => s.status.state === 'expired').length
  const rows = silences
    .filter((s) => past || s.status.state !== 'expired')
    .sort((a, b) => rank[a.status.state] - rank[b.status.state] || (a.status.state === 'expired' ? -1 : 1) * (Date.parse(a.endsAt) - Date.parse(b.endsAt)))
  return (
    <>
      {rows.length === 0 && <p className="dim">Nothing is silenced.</p>}
      {rows.length > 0 && (
        <ul className="ledger">
          {rows.map((s) => (
            <li key={s.id}>
              <div className="row" data-row tabIndex={-1}>
                <span className="spine" aria-hidden="true" />
                <span className="when">
                  {s.status.state === 'expired' ? 'ended ' : s.status.state === 'pending' ? 'begins ' : 'ends '}
                  <Ago at={s.status.state === 'pending' ? s.startsAt : s.endsAt} />
                  <small>
                    <When at={s.startsAt} seconds={false} /> to <When at={s.endsAt} seconds={false} />
                  </small>
                </span>
                <span className="what">
                  <strong>{s.comment}</strong> <span className="dim">by {s.createdBy}</span>
                  <span className="second alert-second mono labels">{s.matchers.map(matcherText).join(' ')}</span>
                </span>
                <span className="side">
                  <span className={chip[s.status.state]}>{words[s.status.state]}</span>
                  {s.status.state !== 'expired' && (
                    <Button variant="default" size="compact-sm" aria-label={`End the silence ${s.comment}`} onClick={() => setEnding(s)}>
                      End it
                    </Button>
                  )}
                </span>
              </div>
            </li>
          ))}
        </ul>
      )}
      {over > 0 && <Switch mt={12} label={`Also the ${over} that ${over === 1 ? 'is' : 'are'} over`} checked={past} onChange={(e) => setPast(e.currentTarget.checked)} />}
      {ending && <End silence={ending} close={() => setEnding(null)} done={changed} />}
    </>
  )
}

function End({ silence: s, close, done }: { silence: Silence; close: () => void; done: () => void }) {
  const [error, setError] = useState<ApiError>()
  const [busy, setBusy] = useState(false)
  const end = async () => {
    setBusy(true)
    try {
      await alertsApi.expire(s.id)
      close()
      done()
    } catch (x) {
      setError(x instanceof ApiError ? x : new ApiError(String(x), 0, false))
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={close} title="End the silence" centered closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className="stack">
        <p className="soft">“{s.comment}” by {s.createdBy}. What it held back and still burns is told at once.</p>
        <p className="mono labels">{s.matchers.map(matcherText).join(' ')}</p>
        <Failure error={error} />
        <div className="acts">
          <Button loading={busy} data-autofocus onClick={() => void end()}>
            End it
          </Button>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
        </div>
      </div>
    </Modal>
  )
}
