import { ActionIcon, VisuallyHidden, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { type ReactNode, Suspense, lazy, useEffect, useRef, useState } from 'react'
import { Link, Redirect, Route, Switch, useLocation, useSearchParams } from 'wouter'
import { api } from './api/client.ts'
import { useResource } from './api/resource.ts'
import { parseGraph, viewAddress } from './explore/state.ts'
import { LiveProvider, useLine, useLive } from './live-context.tsx'
import { Announcer, useAnnounce } from './parts/announcer.tsx'
import { Bell, Moon, Sun } from './parts/icons.tsx'
import { Loading } from './parts/messages.tsx'
import { ShortcutHelp, useShortcuts } from './parts/shortcuts.tsx'
import { Incidents } from './pages/incidents.tsx'

const Incident = lazy(() => import('./pages/incident.tsx'))
const Changes = lazy(() => import('./pages/changes.tsx'))
const Anomalies = lazy(() => import('./pages/anomalies.tsx'))
const Objectives = lazy(() => import('./pages/objectives.tsx'))
const Alerts = lazy(() => import('./pages/alerts.tsx'))
const Explore = lazy(() => import('./pages/explore.tsx'))
const Logs = lazy(() => import('./pages/logs.tsx'))
const Notifications = lazy(() => import('./pages/notifications.tsx'))
const TopologyPage = lazy(() => import('./pages/topology.tsx'))
const FeedbackPage = lazy(() => import('./pages/feedback.tsx'))
const Series = lazy(() => import('./pages/series.tsx'))
const StatusPage = lazy(() => import('./pages/status.tsx'))

const pages = [
  { path: '/', name: 'Incidents', key: 'i' },
  { path: '/alerts', name: 'Alerts', key: 'f' },
  { path: '/changes', name: 'Changes', key: 'c' },
  { path: '/anomalies', name: 'Anomalies', key: 'a' },
  { path: '/topology', name: 'Topology', key: 't' },
  { path: '/objectives', name: 'Objectives', key: 'o' },
  { path: '/explore', name: 'Explore', key: 'e' },
  { path: '/logs', name: 'Logs', key: 'l' },
  { path: '/series', name: 'Series', key: 'm' },
  { path: '/notifications', name: 'Notifications', key: 'n' },
  { path: '/feedback', name: 'Feedback', key: 'b', aside: true },
  { path: '/status', name: 'Status', key: 's' },
]

export function App() {
  return (
    <LiveProvider>
      <Announcer>
        <Shell />
      </Announcer>
    </LiveProvider>
  )
}

function Shell() {
  const [location, navigate] = useLocation()
  const [help, setHelp] = useState(false)
  useShortcuts({ pages, navigate, help: () => setHelp(true) })
  const { open, burning } = useOpen()
  const main = useRef<HTMLElement>(null)
  const first = useRef(true)
  useEffect(() => {
    // A new page takes the focus, as a loaded one would; the first one has it.
    if (!first.current) main.current?.focus({ preventScroll: true })
    if (!first.current) window.scrollTo(0, 0)
    first.current = false
  }, [location])
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <header className="mast">
        <Link href="/" className={burning ? 'brand burning' : 'brand'} aria-label={open > 0 ? `Tocsin, ${open} open` : 'Tocsin'}>
          <Bell />
          Tocsin
        </Link>
        <nav className="nav" aria-label="Pages">
          {pages.filter((p) => !('aside' in p)).map((p) => (
            <NavLink key={p.path} path={p.path} location={location}>
              {p.name}
            </NavLink>
          ))}
        </nav>
        <div className="tools">
          <Line />
          <SchemeButton />
          <ActionIcon variant="default" size={34} aria-label="Keyboard shortcuts" onClick={() => setHelp(true)}>
            ?
          </ActionIcon>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <Suspense fallback={<Loading what="the page" />}>
          <Switch>
            <Route path="/" component={Incidents} />
            <Route path="/incidents" component={Incidents} />
            <Route path="/incidents/:id">{(p) => <Incident key={p.id} id={p.id} />}</Route>
            <Route path="/alerts" component={Alerts} />
            <Route path="/changes" component={Changes} />
            <Route path="/anomalies" component={Anomalies} />
            <Route path="/objectives" component={Objectives} />
            <Route path="/explore" component={Explore} />
            <Route path="/logs" component={Logs} />
            <Route path="/series" component={Series} />
            <Route path="/topology" component={TopologyPage} />
            <Route path="/graph" component={FromPrometheus} />
            <Route path="/query" component={FromPrometheus} />
            <Route path="/notifications" component={Notifications} />
            <Route path="/feedback" component={FeedbackPage} />
            <Route path="/status" component={StatusPage} />
            <Route>
              <h1>There is no such page</h1>
              <p>
                <Link href="/">To the incidents</Link>
              </p>
            </Route>
          </Switch>
        </Suspense>
      </main>
      <ShortcutHelp pages={pages} opened={help} close={() => setHelp(false)} />
    </div>
  )
}

/** Links to the page of a Prometheus lead to the page that does the same here. */
function FromPrometheus() {
  const [params] = useSearchParams()
  return <Redirect to={viewAddress(parseGraph(params))} replace />
}

function NavLink({ path, location, children }: { path: string; location: string; children: ReactNode }) {
  const here = path === '/' ? location === '/' || location.startsWith('/incidents') : location.startsWith(path)
  return (
    <Link href={path} aria-current={here ? 'page' : undefined}>
      {children}
    </Link>
  )
}

/** How many incidents are open, and whether a critical one is among them; the count goes into the window's title, and new ones are announced. */
function useOpen(): { open: number; burning: boolean } {
  const { data, reload } = useResource('open', (signal) => api.incidents({ state: 'open', limit: 100 }, signal), 60_000)
  const announce = useAnnounce()
  useLive((records) => {
    reload()
    for (const r of records) {
      if (r?.event.kind === 'opened') announce(`New incident: ${r.incident.title}`)
      if (r?.event.kind === 'reopened') announce(`Incident is back: ${r.incident.title}`)
      if (r?.event.kind === 'resolved') announce(`Resolved: ${r.incident.title}`)
    }
  })
  const n = data?.incidents.length ?? 0
  const burning = data?.incidents.some((i) => i.severity === 'critical') ?? false
  useEffect(() => {
    document.title = n > 0 ? `(${n}) Tocsin` : 'Tocsin'
  }, [n])
  return { open: n, burning }
}

function Line() {
  const state = useLine()
  const text = { connecting: 'Connecting', live: 'Live', lost: 'No connection' }[state]
  return (
    <div className="line-state" data-state={state} title={text}>
      <i aria-hidden="true" />
      <span>{text}</span>
      <VisuallyHidden role="status">{state === 'lost' ? 'The connection to the daemon is lost' : ''}</VisuallyHidden>
    </div>
  )
}

function SchemeButton() {
  const { setColorScheme } = useMantineColorScheme()
  const scheme = useComputedColorScheme('light', { getInitialValueInEffect: false })
  const other = scheme === 'dark' ? 'light' : 'dark'
  return (
    <ActionIcon variant="default" size={34} aria-label={`Switch to ${other} colours`} onClick={() => setColorScheme(other)}>
      {scheme === 'dark' ? <Sun /> : <Moon />}
    </ActionIcon>
  )
}
