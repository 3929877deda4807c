import type { Window } from '../api/alerts.ts'
import { Ago, When } from '../parts/when.tsx'

/** Recurring maintenance windows of the configuration, those that are on first. */
export function Windows({ windows }: { windows: Window[] }) {
  if (windows.length === 0)
    return (
      <p className="dim">
        There are none. <code>maintenance</code> in tocsin.yml makes them.
      </p>
    )
  return (
    <ul className="ledger">
      {windows
        .toSorted((a, b) => Number(b.on) - Number(a.on))
        .map((w) => (
          <li key={w.name}>
            <div className="row" data-row tabIndex={-1}>
              <span className="spine" aria-hidden="true" />
              <span className="when">{w.on ? w.until ? <>ends <Ago at={w.until} /></> : 'for over a week' : w.next ? <>begins <Ago at={w.next} /></> : 'not this week'}
                {(w.until ?? w.next) && (
                  <small>
                    <When at={w.on ? w.until : w.next} seconds={false} />
                  </small>
                )}
              </span>
              <span className="what">
                <strong>{w.name}</strong>
                {w.comment && <span className="second alert-second">{w.comment}</span>}
                <span className="second alert-second mono labels">{w.matchers.join(' ')}</span>
              </span>
              <span className="side">
                <span className={w.on ? 'chip warn' : 'chip'}>{w.on ? 'on' : 'off'}</span>
              </span>
            </div>
          </li>
        ))}
    </ul>
  )
}
