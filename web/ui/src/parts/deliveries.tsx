import { Link } from 'wouter'
import type { Delivery } from '../api/nouns.ts'
import { useNow } from '../clock.ts'
import { Ago, When } from './when.tsx'

const chip: Record<string, string> = { sent: 'chip calm', waiting: 'chip warn', failed: 'chip burn' }

const mutes: Record<string, string> = { silence: 'silence', inhibited: 'another alert', maintenance: 'maintenance window', time_interval: 'time interval' }

/** What holds a message back, such as "maintenance window db upgrade". */
export function heldBy(reason: string, by: string | undefined): string {
  return `${mutes[reason] ?? reason}${by ? ` ${by}` : ''}`
}

function NextTry({ due }: { due: string | undefined }) {
  const now = useNow()
  if (due === undefined || Date.parse(due) <= now) return <>next try is due</>
  return (
    <>
      next try <Ago at={due} />
    </>
  )
}

/** Who was told, when, and what did not arrive. */
export function Deliveries({ deliveries, incident }: { deliveries: Delivery[]; incident?: string }) {
  const own = deliveries.filter((d) => d.state !== 'merged' && d.state !== 'skipped').sort((a, b) => Date.parse(b.created) - Date.parse(a.created) || b.seq - a.seq)
  const merged = deliveries.filter((d) => d.state === 'merged').length
  return (
    <section className="sheet o6" aria-labelledby="told">
      <header>
        <h2 id="told">Who was told</h2>
        {incident && <Link href={`/notifications?incident=${encodeURIComponent(incident)}`}>every try</Link>}
      </header>
      {deliveries.length === 0 ? (
        <p className="dim">Nobody was told yet.</p>
      ) : (
        <ul className="stack" style={{ gap: 12 }}>
          {own.map((d) => (
            <li key={`${d.channel} ${d.seq}`}>
              <strong>{d.channel}</strong> <span className={chip[d.state]}>{d.state}</span>{' '}
              <span className="dim">
                {d.event && <>{d.event}, </>}
                {d.state === 'sent' ? <When at={d.done} /> : null}
                {d.state === 'failed' ? <>given up <When at={d.done} /></> : null}
                {d.state === 'waiting' && !d.muted ? <NextTry due={d.due} /> : null}
                {d.state === 'waiting' && d.muted ? <>held back by {heldBy(d.muted, d.muted_by)}</> : null}
                {d.state === 'dropped' ? <When at={d.done} /> : null}
                {d.attempts > 1 ? `, ${d.attempts} tries` : ''}
              </span>
              {d.error && <div className="soft">{d.error}</div>}
            </li>
          ))}
        </ul>
      )}
      {merged > 0 && (
        <p className="dim" style={{ marginTop: 12 }}>
          {merged === 1 ? 'One further event was' : `${merged} further events were`} told within a newer message.
        </p>
      )}
    </section>
  )
}
