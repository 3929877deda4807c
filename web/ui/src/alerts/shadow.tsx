import type { AlertPage } from '../api/alerts.ts'
import { figure } from '../format/number.ts'
import { isSet } from '../format/time.ts'
import { Ago, Lasting, When } from '../parts/when.tsx'

const most = 50

/** What alerts on trial would have told, the newest first. */
export function Shadow({ pages }: { pages: AlertPage[] }) {
  const rows = pages.toReversed()
  if (rows.length === 0)
    return (
      <p className="dim">
        Nothing in the last week. An alert with <code>shadow: true</code> tells nobody and is listed here, so that it can be tried.
      </p>
    )
  return (
    <>
      <ul className="ledger">
        {rows.slice(0, most).map((p) => (
          <li key={`${p.fingerprint} ${p.fired}`}>
            <div className="row" data-row tabIndex={-1}>
              <span className="spine" aria-hidden="true" />
              <span className="when">
                <Ago at={p.fired} />
                <small>
                  <When at={p.fired} />
                </small>
              </span>
              <span className="what">
                <strong>{p.service || 'no service'}</strong> {p.name}
                <span className="second alert-second">{p.summary}</span>
              </span>
              <span className="side">
                <span>{p.severity}</span>
                <span>
                  {isSet(p.ended) ? 'lasted' : 'goes on for'} <Lasting from={p.fired} to={p.ended} />
                </span>
                {p.value !== null && <span>{figure(p.value, p.unit)} as it fired</span>}
              </span>
            </div>
          </li>
        ))}
      </ul>
      {rows.length > most && (
        <p className="dim">
          Only the newest {most} of {rows.length} are shown.
        </p>
      )}
    </>
  )
}
