import { MantineProvider } from '@mantine/core'
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Router } from 'wouter'
import { memoryLocation } from 'wouter/memory-location'
import Alerts from './alerts.tsx'

beforeEach(() => localStorage.clear())
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

const alert = (name: string, severity: string, state: string, more = {}) => ({
  fingerprint: name, name, service: 'pay', severity, state, since: '2026-03-04T12:00:00Z', at: '2026-03-04T12:00:00Z', value: 0.1, threshold: 0.05, unit: 'ratio', expr: 'x', query: 'x{a="b"}',
  labels: { alertname: name, service: 'pay' }, source: 'alerts.yml:1', summary: `${name} is bad`, ...more,
})
const routed = (name: string, status: object) => ({
  fingerprint: `f-${name}`, labels: { alertname: name, service: 'pay' }, annotations: {}, startsAt: '2026-03-04T12:00:00Z', status: { state: 'active', silencedBy: [], inhibitedBy: [], mutedBy: [], ...status },
})
const silence = { id: 's1', status: { state: 'active' }, matchers: [{ name: 'service', value: 'pay', isRegex: false, isEqual: true }], startsAt: '2026-03-04T12:00:00Z', endsAt: '2099-03-04T12:00:00Z', createdBy: 'ann', comment: 'new disks' }

const full: Record<string, unknown> = {
  'GET /api/v1/tocsin/alerts': { alerts: [alert('slow', 'warning', 'held'), alert('down', 'critical', 'firing'), alert('trial', 'critical', 'firing', { shadow: true }), alert('mute', 'info', 'stale_source')] },
  'GET /api/v2/alerts/groups': [
    {
      labels: { service: 'pay' }, receiver: { name: 'ops' },
      alerts: [routed('down', {}), routed('slow', { silencedBy: ['s1', 'maintenance/patching'] }), routed('leaf', { inhibitedBy: ['f-down'] }), routed('late', { mutedBy: ['nights'] })],
    },
  ],
  'GET /api/v2/silences': [silence, { ...silence, id: 's2', status: { state: 'expired' }, comment: 'long ago' }],
  'GET /api/v1/tocsin/maintenance': { windows: [{ name: 'patching', matchers: ['host=~"db.*"'], on: false }, { name: 'batch', matchers: ['service="pay"'], on: true, comment: 'slow then' }] },
  'GET /api/v1/tocsin/alerts/log': { entries: [], pages: [{ ...alert('trial', 'critical', 'firing'), fired: '2026-03-04T12:00:00Z', ended: '2026-03-04T12:05:00Z', held_seconds: 0 }], more: false },
}

function show(answers = full) {
  const asked: { what: string; url: string; body: unknown }[] = []
  vi.stubGlobal('fetch', (url: string, init: RequestInit = {}) => {
    const what = `${init.method ?? 'GET'} ${url.split('?')[0] ?? ''}`
    asked.push({ what, url, body: typeof init.body === 'string' ? JSON.parse(init.body) : null })
    const a = answers[what]
    if (a instanceof Response) return Promise.resolve(a.clone())
    return Promise.resolve(a === undefined ? new Response('', { status: 200 }) : new Response(JSON.stringify(a)))
  })
  const { hook, searchHook } = memoryLocation({ path: '/alerts' })
  render(
    <MantineProvider>
      <Router hook={hook} searchHook={searchHook}>
        <Alerts />
      </Router>
    </MantineProvider>,
  )
  return asked
}


const texts = (name: string) => [...(document.querySelector(`section[aria-label="${name}"]`)?.querySelectorAll('li') ?? [])].map((li) => li.textContent ?? '')

test('what stands is listed by severity, with its state; alerts on trial are not among it', async () => {
  show()
  await screen.findByText('down is bad')
  const rows = texts('Standing')
  expect(rows).toHaveLength(3)
  expect(rows[0]).toMatch(/pay down.*now 10%, limit 5%.*firing/)
  expect(rows[1]).toMatch(/pay slow.*last 10%.*held, no data/)
  expect(rows[2]).toMatch(/pay mute.*stale source/)
  fireEvent.change(screen.getByLabelText('Only alerts that hold'), { target: { value: 'STALE' } })
  expect(texts('Standing')).toHaveLength(1)
  expect(screen.getByText('No group holds “STALE”.')).toBeDefined()
})

test('groups say who is told and what holds each alert back', async () => {
  show()
  await screen.findByText('to ops')
  await screen.findByText(/the silence “new disks” of ann/)
  const rows = texts('Groups of the routes').slice(1)
  expect(rows[0]).toMatch(/^down active/)
  expect(rows[1]).toContain('Held back by the silence “new disks” of ann, the maintenance window patching.')
  expect(rows[2]).toContain('Held back by the alert down (service=pay).')
  expect(rows[3]).toContain('Held back by the time interval nights.')
})

test('a silence is made from an alert', async () => {
  const asked = show({ ...full, 'POST /api/v2/silences': { silenceID: 's3' } })
  fireEvent.click(await screen.findByRole('button', { name: 'Silence down of pay' }))
  const form = within(await screen.findByRole('dialog'))
  expect((form.getByLabelText('Name of label 1') as HTMLInputElement).value).toBe('alertname')
  expect((form.getByLabelText('Value of label 1') as HTMLInputElement).value).toBe('down')
  expect(form.getByText('One alert of the 5 that stand now passes.')).toBeDefined()
  fireEvent.click(form.getByRole('button', { name: 'Remove label 1' }))
  expect(form.getByText('5 alerts of the 5 that stand now pass.')).toBeDefined()
  fireEvent.change(form.getByLabelText(/Your name/), { target: { value: ' ann ' } })
  fireEvent.change(form.getByLabelText(/Why/), { target: { value: 'being fixed' } })
  fireEvent.change(form.getByLabelText('For'), { target: { value: '3600' } })
  fireEvent.submit(form.getByLabelText(/Why/))
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  const sent = asked.find((a) => a.what === 'POST /api/v2/silences')?.body as { startsAt: string; endsAt: string }
  expect(sent).toMatchObject({ matchers: [{ name: 'service', value: 'pay', isRegex: false, isEqual: true }], createdBy: 'ann', comment: 'being fixed' })
  expect(Date.parse(sent.endsAt) - Date.parse(sent.startsAt)).toBe(3_600_000)
  await waitFor(() => expect(asked.filter((a) => a.what === 'GET /api/v2/silences').length).toBeGreaterThan(1))
})

test('what Alertmanager says against a silence is shown in the form', async () => {
  show({ ...full, 'POST /api/v2/silences': new Response(JSON.stringify('bad matcher format'), { status: 400 }) })
  fireEvent.click(await screen.findByRole('button', { name: 'New silence' }))
  const form = within(await screen.findByRole('dialog'))
  expect(form.getByText('Name at least one label.')).toBeDefined()
  fireEvent.submit(form.getByLabelText(/Why/))
  expect(await form.findByText('bad matcher format')).toBeDefined()
})

test('a silence is ended; those that are over are shown when asked for', async () => {
  const asked = show()
  fireEvent.click(await screen.findByRole('button', { name: 'End the silence new disks' }))
  const form = within(await screen.findByRole('dialog'))
  fireEvent.click(form.getByRole('button', { name: 'End it' }))
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  expect(asked.some((a) => a.what === 'DELETE /api/v2/silence/s1')).toBe(true)
  expect(texts('Silences')).toHaveLength(1)
  fireEvent.click(screen.getByLabelText('Also the 1 that is over'))
  expect(texts('Silences')[1]).toMatch(/long ago.*over/)
})

test('windows, those that are on first, and what alerts on trial would have told', async () => {
  const asked = show()
  await screen.findByText('slow then')
  expect(texts('Maintenance windows')[0]).toMatch(/batch.*on$/)
  expect(texts('Maintenance windows')[1]).toMatch(/not this week.*patching.*off$/)
  await screen.findByText('trial is bad')
  expect(texts('Alerts on trial, last week')[0]).toMatch(/pay trial.*lasted 5 min/)
  expect(asked.find((a) => a.what.endsWith('alerts/log'))?.url).toMatch(/shadow=only&from=.*&limit=500/)
})

test('where there is nothing, each part says so', async () => {
  show({
    'GET /api/v1/tocsin/alerts': { alerts: [] }, 'GET /api/v2/alerts/groups': [], 'GET /api/v2/silences': [],
    'GET /api/v1/tocsin/maintenance': { windows: [] }, 'GET /api/v1/tocsin/alerts/log': { entries: [], pages: [], more: false },
  })
  expect(await screen.findByText('No alert of our own rules fires or is held.')).toBeDefined()
  expect(await screen.findByText(/The routes have no alert/)).toBeDefined()
  expect(await screen.findByText('Nothing is silenced.')).toBeDefined()
  expect(await screen.findByText(/There are none/)).toBeDefined()
  expect(await screen.findByText(/Nothing in the last week/)).toBeDefined()
})
