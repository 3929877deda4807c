import { Button } from '@mantine/core'
import { Link } from 'wouter'
import type { Alert } from '../api/alerts.ts'
import { figure } from '../format/number.ts'
import { ConditionMark } from '../parts/marks.tsx'
import { Ago, When } from '../parts/when.tsx'

const rank = { critical: 0, warning: 1, info: 2 }

/** Alerts of our rules that stand, the gravest and then the newest first. */
export function Standing({ alerts, silence }: { alerts: Alert[]; silence: (labels: Record<string, string>) => void }) {
  const rows = alerts.toSorted((a, b) => rank[a.severity] - rank[b.severity] || Date.parse(b.since) - Date.parse(a.since))
  return (
    <ul className="ledger">
      {rows.map((a) => (
        <li key={a.fingerprint}>
          <div className="row" data-row tabIndex={-1} data-severity={a.severity} data-state={a.state === 'firing' ? 'open' : 'acknowledged'}>
            <span className="spine" aria-hidden="true" />
            <span className="when">
              <Ago at={a.since} />
              <small>
                <When at={a.since} />
              </small>
            </span>
            <span className="what">
              <strong>{a.service || 'no service'}</strong> {a.name} {a.environment && <span className="dim">in {a.environment}</span>}
              <span className="second alert-second">{a.summary}</span>
              <span className="second alert-second dim">
                {limit(a)}
                {a.channels && a.channels.length > 0 && <>tells {a.channels.join(', ')} · </>}
                {a.query && (
                  <>
                    <Link href={`/explore?query=${encodeURIComponent(a.query)}`}>the series</Link> ·{' '}
                  </>
                )}
                <span className="mono">{a.source}</span>
              </span>
            </span>
            <span className="side">
              <ConditionMark condition={a.state} />
              <span>{a.severity}</span>
              <Button variant="default" size="compact-sm" aria-label={`Silence ${a.name} of ${a.service}`} onClick={() => silence(a.labels)}>
                Silence
              </Button>
            </span>
          </div>
        </li>
      ))}
    </ul>
  )
}

function limit(a: Alert): string {
  if (a.value === null) return ''
  const last = a.state === 'firing' ? 'now' : 'last'
  return `${last} ${figure(a.value, a.unit)}${a.threshold === null ? '' : `, limit ${figure(a.threshold, a.unit)}`} · `
}
