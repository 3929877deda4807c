import { Button, TextInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { Link } from 'wouter'
import { type AlertGroup, type Matcher, alertsApi } from '../api/alerts.ts'
import { type Resource, useResource } from '../api/resource.ts'
import { Groups } from '../alerts/groups.tsx'
import { exact } from '../alerts/matchers.ts'
import { Shadow } from '../alerts/shadow.tsx'
import { SilenceForm } from '../alerts/silence-form.tsx'
import { Silences } from '../alerts/silences.tsx'
import { Standing } from '../alerts/standing.tsx'
import { Windows } from '../alerts/windows.tsx'
import { useAnnounce } from '../parts/announcer.tsx'
import { Failure, Loading } from '../parts/messages.tsx'

const refresh = 10_000
const week = 7 * 86_400_000

/** Groups with those of their alerts that hold a text; groups without any are left out. */
export function narrowed(groups: AlertGroup[], text: string): AlertGroup[] {
  return groups.map((g) => ({ ...g, alerts: g.alerts.filter((a) => holds(text, [g.receiver.name, ...Object.entries(a.labels).flat(), a.annotations['summary']])) })).filter((g) => g.alerts.length > 0)
}

const holds = (text: string, list: (string | undefined)[]) => list.join(' ').toLowerCase().includes(text.trim().toLowerCase())

export default function Alerts() {
  const [text, setText] = useState('')
  const [making, setMaking] = useState<Matcher[] | null>(null)
  const announce = useAnnounce()
  const standing = useResource('alerts standing', alertsApi.standing, refresh)
  const groups = useResource('alert groups', alertsApi.groups, refresh)
  const silences = useResource('silences', alertsApi.silences, refresh)
  const windows = useResource('maintenance', alertsApi.windows, 60_000)
  const shadow = useResource('shadow pages', (signal) => alertsApi.shadow(new Date(Date.now() - week).toISOString(), signal), 60_000)
  const told = (standing.data ?? []).filter((a) => !a.shadow)
  const rows = told.filter((a) => holds(text, [a.name, a.service, a.environment, a.severity, a.state, a.summary]))
  const shown = narrowed(groups.data ?? [], text)
  const silence = (labels: Record<string, string>) => setMaking(exact(labels))
  const changed = (what: string) => {
    announce(what)
    silences.reload()
    groups.reload()
  }
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Alerts</h1>
          <p>
            What stands now, whom the routes tell, and what is held back and why. What became of each message is on <Link href="/notifications">Notifications</Link>.
          </p>
        </div>
        <div className="filters">
          <TextInput data-filter size="sm" w={200} placeholder="Alert, service, label" aria-label="Only alerts that hold" value={text} onChange={(e) => setText(e.currentTarget.value)} />
          <Button onClick={() => setMaking([])}>New silence</Button>
        </div>
      </div>
      <Section title="Standing" resource={standing}>
        {told.length === 0 && <p className="dim">No alert of our own rules fires or is held.</p>}
        {told.length > 0 && rows.length === 0 && <p className="dim">No alert holds “{text}”.</p>}
        {rows.length > 0 && <Standing alerts={rows} silence={silence} />}
      </Section>
      <Section title="Groups of the routes" resource={groups}>
        {groups.data?.length === 0 && <p className="dim">The routes have no alert. Those of our rules and those that others send to <code>/api/v2/alerts</code> come together here.</p>}
        {groups.data && groups.data.length > 0 && shown.length === 0 && <p className="dim">No group holds “{text}”.</p>}
        {shown.length > 0 && <Groups groups={shown} silences={silences.data ?? []} silence={silence} />}
      </Section>
      <Section title="Silences" resource={silences}>
        <Silences silences={silences.data ?? []} changed={() => changed('The silence has ended')} />
      </Section>
      <Section title="Maintenance windows" resource={windows}>
        <Windows windows={windows.data ?? []} />
      </Section>
      <Section title="Alerts on trial, last week" resource={shadow}>
        <Shadow pages={shadow.data?.pages ?? []} />
        {shadow.data?.more && <p className="dim">There was more; tocsin rules shadow has all of it.</p>}
      </Section>
      {making && (
        <SilenceForm
          matchers={making}
          standing={[...told.map((a) => a.labels), ...others(groups.data ?? [], told.map((a) => a.labels))]}
          close={() => setMaking(null)}
          done={() => changed('It is silenced')}
        />
      )}
    </>
  )
}

/** Labels of what the routes have beside the alerts of our rules, each once. */
function others(groups: AlertGroup[], own: Record<string, string>[]): Record<string, string>[] {
  const key = (l: Record<string, string>) => JSON.stringify(exact(l))
  const known = new Set(own.map(key))
  return groups
    .flatMap((g) => g.alerts.map((a) => a.labels))
    .filter((l) => {
      const k = key(l)
      if (known.has(k)) return false
      known.add(k)
      return true
    })
}

/** A part of the page under its title, with its own loading and failure. */
function Section({ title, resource, children }: { title: string; resource: Resource<unknown>; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <h2 className="ledger-title">{title}</h2>
      <Failure error={resource.error} again={resource.reload} />
      {resource.loading && <Loading what={title.toLowerCase()} />}
      {resource.data !== undefined && children}
    </section>
  )
}
