import type { Incident, Occurrence } from '../api/nouns.ts'
import { safeLink } from '../format/link.ts'
import { SeverityShape } from './icons.tsx'

/** Severity by shape, word and colour. What is over has lost its colour. */
export function SeverityMark({ severity, over = false }: { severity: string; over?: boolean }) {
  return (
    <span className={`mark ${over ? 'over' : severity}`}>
      <SeverityShape severity={severity} />
      {severity}
    </span>
  )
}

export function StateMark({ incident }: { incident: Pick<Incident, 'state' | 'reopened'> }) {
  const again = incident.reopened > 0 ? `, reopened ${incident.reopened === 1 ? 'once' : `${incident.reopened} times`}` : ''
  return (
    <span>
      {incident.state.replace('_', ' ')}
      {again}
    </span>
  )
}

/** Firing, held for lack of data, or cleared. Of what is over, what fired at its end is only known to have gone on. */
export function ConditionMark({ condition, over = false }: { condition: Occurrence['condition']; over?: boolean }) {
  if (condition === 'firing' && over)
    return (
      <span className="chip" title="It had not cleared when the incident ended; that it did later was not seen by the incident.">
        went on
      </span>
    )
  if (condition === 'firing') return <span className="chip burn">firing</span>
  if (condition === 'held')
    return (
      <span className="chip warn" title="Its data stopped: it is neither firing on evidence nor recovered.">
        held, no data
      </span>
    )
  if (condition === 'stale_source')
    return (
      <span className="chip warn" title="Its data stopped, and whatever sends them is silent: it is neither firing on evidence nor recovered.">
        stale source
      </span>
    )
  return <span className="chip calm">cleared</span>
}

/** A link to elsewhere; what is not http or https is not shown at all. */
export function OutLink({ href, children }: { href: string | undefined; children: string }) {
  const safe = safeLink(href)
  if (!safe) return null
  return (
    <a href={safe} rel="noopener noreferrer" target="_blank">
      {children}
    </a>
  )
}
