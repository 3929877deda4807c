import { Button, Modal, Switch, TextInput } from '@mantine/core'
import { useState } from 'react'
import { Link } from 'wouter'
import { type Expectation, type Refit, learnedApi } from '../api/learned.ts'
import { useResource } from '../api/resource.ts'
import { isSet } from '../format/time.ts'
import { Failure, Loading } from '../parts/messages.tsx'
import { useSigned } from '../parts/submit.ts'
import { Ago, When } from '../parts/when.tsx'

/** What is asked of a person before something is done. */
interface Ask {
  title: string
  says: string
  button: string
  do: (actor: string) => Promise<unknown>
}

/** What people expect, and what rankings have learned from them. */
export default function FeedbackPage() {
  const expected = useResource('expectations', (signal) => learnedApi.expectations(signal), 30_000)
  const weights = useResource('weights', (signal) => learnedApi.weights(signal), 60_000)
  const [past, setPast] = useState(false)
  const [ask, setAsk] = useState<Ask | null>(null)
  const all = expected.data?.expectations ?? []
  const holds = (e: Expectation) => !isSet(e.ended) && Date.parse(e.expires) > Date.now()
  const rows = all.filter((e) => past || holds(e))
  const w = weights.data
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Feedback</h1>
          <p>What people said is expected, and what rankings of causes have learned from their words on incidents.</p>
        </div>
      </div>
      <section className="sheet" aria-labelledby="expected">
        <header>
          <h2 id="expected">Expected</h2>
          <p>what matches is recorded but opens nothing, until it ends</p>
        </header>
        <Failure error={expected.error} again={expected.reload} />
        {expected.loading && <Loading what="what is expected" />}
        {expected.data && rows.length === 0 && <p className="dim">Nothing is expected. An incident’s page and tocsin expected add say what is.</p>}
        {rows.length > 0 && (
          <ul className="ledger">
            {rows.map((e) => (
              <li key={e.id}>
                <div className="row" data-row tabIndex={-1}>
                  <span className="spine" aria-hidden="true" />
                  <span className="when">
                    {isSet(e.ended) ? 'ended ' : holds(e) ? 'ends ' : 'expired '}
                    <Ago at={isSet(e.ended) ? e.ended : e.expires} />
                    <small>
                      <When at={e.created} seconds={false} /> to <When at={e.expires} seconds={false} />
                    </small>
                  </span>
                  <span className="what">
                    <strong>{e.reason}</strong> <span className="dim">by {e.actor}</span>
                    <span className="second alert-second mono labels">{scope(e)}</span>
                    <span className="second alert-second">
                      {e.matched === 0 ? 'Nothing has matched it yet.' : `Matched ${e.matched} ${e.matched === 1 ? 'episode' : 'episodes'}, the last `}
                      {e.matched > 0 && <Ago at={e.last_match} />}
                      {e.incident && (
                        <>
                          {' '}
                          <Link href={`/incidents/${e.incident}`}>said of an incident</Link>
                        </>
                      )}
                    </span>
                  </span>
                  <span className="side">
                    <span className={holds(e) ? 'chip warn' : 'chip'}>{holds(e) ? 'in force' : 'over'}</span>
                    {holds(e) && (
                      <Button
                        variant="default"
                        size="compact-sm"
                        aria-label={`End the expectation ${e.reason}`}
                        onClick={() => setAsk({ title: 'End the expectation', says: `“${e.reason}” by ${e.actor}. What it held back and still fires opens an incident at once.`, button: 'End it', do: (actor) => learnedApi.end(e.id, actor).then(expected.reload) })}
                      >
                        End it
                      </Button>
                    )}
                  </span>
                </div>
              </li>
            ))}
          </ul>
        )}
        {all.some((e) => !holds(e)) && <Switch mt={12} label="Also what is over" checked={past} onChange={(e) => setPast(e.currentTarget.checked)} />}
      </section>
      <section className="sheet" aria-labelledby="weights" style={{ marginTop: 18 }}>
        <header>
          <h2 id="weights">Weights of causes</h2>
          {w && (
            <p>
              the causes of {w.labels} incidents were judged; a refit needs {w.wanted}
            </p>
          )}
        </header>
        <Failure error={weights.error} again={weights.reload} />
        {weights.loading && <Loading what="the weights" />}
        {w && <InForce row={w.current} />}
        {w && (
          <div className="acts" style={{ margin: '12px 0' }}>
            <Button
              variant="default"
              size="xs"
              onClick={() => setAsk({ title: 'Refit', says: 'Fits the weights to all words on causes. They are taken only if they do better on each word when it is left out.', button: 'Refit', do: (actor) => learnedApi.refit(actor).then(weights.reload) })}
            >
              Refit now
            </Button>
            {w.current.id !== 0 && (w.current.kind !== 'undo' || w.current.to !== 0) && (
              <Button variant="default" size="xs" onClick={() => setAsk(back(0, weights.reload))}>
                Back to those out of the box
              </Button>
            )}
          </div>
        )}
        {w && w.history.length > 0 && <History rows={w.history} current={w.current} undo={(to) => setAsk(back(to, weights.reload))} />}
      </section>
      {ask && <Dialog ask={ask} close={() => setAsk(null)} />}
    </>
  )
}

const back = (to: number, reload: () => void): Ask => ({
  title: 'Go back',
  says: to === 0 ? 'Rankings go by the weights out of the box again. Weights are not refitted until somebody asks for it.' : `Rankings go by the weights of row ${to} again. Weights are not refitted until somebody asks for it.`,
  button: 'Go back',
  do: (actor) => learnedApi.undo(to, actor, '').then(reload),
})

/** What is expected, in words. */
export function scope(e: Pick<Expectation, 'service' | 'environment' | 'signal' | 'hours'>): string {
  let s = e.signal || 'anything'
  if (e.service) s += ` of ${e.service}`
  if (e.environment) s += ` in ${e.environment}`
  if (e.hours?.from) s += ` from ${e.hours.from} to ${e.hours.to}`
  if (e.hours?.days?.length) s += ` on ${e.hours.days.join(', ')}`
  if (e.hours?.zone) s += ` (${e.hours.zone})`
  return s
}

function InForce({ row }: { row: Refit }) {
  const m = Object.entries(row.weights.multipliers ?? {}).sort(([a], [b]) => a.localeCompare(b))
  if (m.length === 0) return <p>Every term counts as it does out of the box.</p>
  return (
    <p>
      {m.map(([name, x], i) => (
        <span key={name}>
          {i > 0 && ', '}
          {name} counts <strong>{x.toFixed(2)}</strong>
        </span>
      ))}{' '}
      times; log odds are multiplied by {(row.weights.slope ?? 1).toFixed(2)}, those of changes raised by {(row.weights.offset ?? 0).toFixed(2)}
      {row.weights.curve && ', and probabilities corrected by a curve'}.
    </p>
  )
}

function History({ rows, current, undo }: { rows: Refit[]; current: Refit; undo: (to: number) => void }) {
  return (
    <div className="table-wrap">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Row</th>
            <th scope="col">When</th>
            <th scope="col">What</th>
            <th scope="col" className="num">
              Words
            </th>
            <th scope="col" className="num">
              Log loss
            </th>
            <th scope="col">Why</th>
            <th scope="col" aria-label="Go back" />
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={r.id}>
              <td>{r.id}</td>
              <td>
                <When at={r.at} seconds={false} /> <span className="dim">{r.actor !== 'tocsin' && `by ${r.actor}`}</span>
              </td>
              <td>{r.kind === 'undo' ? `back to ${r.to}` : r.taken ? 'taken' : 'not taken'}</td>
              <td className="num">{r.kind === 'undo' ? '' : r.labels.length}</td>
              <td className="num">{r.kind === 'undo' ? '' : `${r.before.toFixed(3)} → ${r.after.toFixed(3)}`}</td>
              <td>{r.reason}</td>
              <td>
                {r.id === current.id ? (
                  <span className="chip">in force</span>
                ) : (
                  r.taken && (
                    <Button variant="default" size="compact-sm" aria-label={`Go back to row ${r.id}`} onClick={() => undo(r.id)}>
                      Go back
                    </Button>
                  )
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Dialog({ ask, close }: { ask: Ask; close: () => void }) {
  const form = useSigned((actor) => ask.do(actor.trim()), close)
  return (
    <Modal opened onClose={close} title={ask.title} centered closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={form.submit} className="stack">
        <p className="soft">{ask.says}</p>
        <Failure error={form.error} />
        <TextInput label="Your name" required maxLength={200} value={form.actor} onChange={(e) => form.setActor(e.currentTarget.value)} data-autofocus />
        <div className="acts">
          <Button type="submit" loading={form.busy}>
            {ask.button}
          </Button>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
        </div>
      </form>
    </Modal>
  )
}
