import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import type { AlertGroup, RoutedAlert, Silence } from '../api/alerts.ts'
import { Ago } from '../parts/when.tsx'
import { parts } from './matchers.ts'

const maintenance = 'maintenance/'

interface Props {
  groups: AlertGroup[]
  silences: Silence[]
  silence: (labels: Record<string, string>) => void
}

/** What the routes put together and send to whom, and what holds an alert back. */
export function Groups({ groups, silences, silence }: Props) {
  const all = new Map(groups.flatMap((g) => g.alerts).map((a) => [a.fingerprint, a]))
  return (
    <ul className="stack">
      {groups.map((g) => (
        <li key={`${g.receiver.name} ${JSON.stringify(g.labels)}`} className="sheet">
          <header className="group-head">
            <h3>
              {Object.keys(g.labels).length === 0
                ? 'Everything else'
                : Object.entries(g.labels)
                    .sort(([a], [b]) => a.localeCompare(b))
                    .map(([n, v]) => `${n}=${v}`)
                    .join(' ')}
            </h3>
            <p className="dim">to {g.receiver.name}</p>
          </header>
          <ul className="group-alerts">
            {g.alerts.map((a) => (
              <Routed key={a.fingerprint} alert={a} group={g} why={why(a, all, silences)} silence={silence} />
            ))}
          </ul>
        </li>
      ))}
    </ul>
  )
}

function Routed({ alert: a, group, why: reasons, silence }: { alert: RoutedAlert; group: AlertGroup; why: ReactNode[]; silence: Props['silence'] }) {
  const { name, rest } = parts(a.labels)
  const own = rest.filter((r) => !Object.entries(group.labels).some(([n, v]) => r === `${n}=${v}`))
  return (
    <li>
      <div>
        <strong>{name}</strong> {reasons.length > 0 ? <span className="chip warn">held back</span> : <span className="chip burn">active</span>} <span className="dim">
          <Ago at={a.startsAt} />
        </span>
        {a.annotations['summary'] && <p className="soft">{a.annotations['summary']}</p>}
        {reasons.length > 0 && <p className="soft">Held back by {reasons.map((r, i) => [i > 0 ? ', ' : '', r])}.</p>}
        {own.length > 0 && <p className="dim mono labels">{own.join(' ')}</p>}
      </div>
      {a.status.silencedBy.length === 0 && (
        <Button variant="default" size="compact-sm" aria-label={`Silence ${name} ${rest.join(' ')}`} onClick={() => silence(a.labels)}>
          Silence
        </Button>
      )}
    </li>
  )
}

/** What holds an alert back, each in words. */
function why(a: RoutedAlert, all: Map<string, RoutedAlert>, silences: Silence[]): ReactNode[] {
  const silenced = a.status.silencedBy.map((id) => {
    if (id.startsWith(maintenance)) return <>the maintenance window {id.slice(maintenance.length)}</>
    const s = silences.find((x) => x.id === id)
    return s ? (
      <>
        the silence “{s.comment}” of {s.createdBy}
      </>
    ) : (
      <>the silence {id}</>
    )
  })
  const inhibited = a.status.inhibitedBy.map((f) => {
    const by = all.get(f)
    return <>the alert {by ? `${parts(by.labels).name} (${parts(by.labels).rest.join(' ')})` : f}</>
  })
  const timed = (a.status.mutedBy ?? []).map((t) => <>the time interval {t}</>)
  return [...silenced, ...inhibited, ...timed].map((r, i) => <span key={i}>{r}</span>)
}
