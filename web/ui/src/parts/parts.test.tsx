import { MantineProvider } from '@mantine/core'
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Change, Incident, Occurrence, Ranking, TimelineEvent } from '../api/nouns.ts'
import { drawable, windowStart } from '../pages/incident.tsx'
import { Actions } from './actions.tsx'
import { Deliveries } from './deliveries.tsx'
import { EvidenceTable } from './evidence.tsx'
import { OutLink } from './marks.tsx'
import { moveRow } from './shortcuts.tsx'
import { Occurrences } from './occurrences.tsx'
import { Suspects } from './suspects.tsx'
import { Timeline } from './timeline.tsx'
import { distance, normal, worst } from '../format/worst.ts'

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  localStorage.clear()
})

const show = (node: ReactNode) => render(<MantineProvider>{node}</MantineProvider>)

const change: Change = { id: 'd42', kind: 'deployment', service: 'checkout', version_to: 'v42', started: '2026-03-04T11:46:00Z', status: 'succeeded', author: 'Dana', link: 'https://ci.example.com/1', received: '' }
const ranking: Ranking = {
  at: '2026-03-04T12:00:00Z',
  onset: '2026-03-04T11:47:00Z',
  findings: [
    {
      change,
      title: 'deployment checkout v41 -> v42',
      log_odds: 4.9,
      probability: 0.91,
      terms: [
        { name: 'time', points: 2.6, text: 'started 70 seconds before the onset' },
        { name: 'before', points: -0.5, text: 'two without effect' },
      ],
      evidence: [
        { signal: 'error_rate', unit: 'ratio', before: 0.008, after: 0.138, z: 31.2 },
        { signal: 'request_rate', unit: 'per_second', before: 88, after: 86, z: -0.4 },
        { signal: 'odd', before: null, after: null, z: null },
      ],
    },
    { change: null, title: 'no recent change fits', log_odds: 2.1, probability: 0.09, terms: [{ name: 'prior', points: 2.1, text: 'some come from none' }] },
  ],
}

describe('Suspects', () => {
  test('shows each with its probability, the one without a change as a row of its own', () => {
    show(<Suspects ranking={ranking} />)
    const rows = screen.getAllByRole('button')
    expect(rows).toHaveLength(2)
    expect(rows[0]?.textContent).toContain('deployment checkout v41 → v42')
    expect(rows[0]?.textContent).toContain('91%')
    expect(rows[1]?.textContent).toContain('No recent change fits')
    expect(rows[1]?.textContent).toContain('9%')
  })

  test('the first is open and shows every term with its points and the sum', () => {
    show(<Suspects ranking={ranking} />)
    expect(screen.getAllByRole('button')[0]?.getAttribute('aria-expanded')).toBe('true')
    const table = screen.getByRole('table')
    expect(within(table).getAllByRole('row').map((r) => r.textContent)).toEqual(['timestarted 70 seconds before the onset+2.6', 'beforetwo without effect\u22120.5', 'sumlog odds+4.9'])
    expect(screen.getByRole('link', { name: 'Open the change' }).getAttribute('href')).toBe('https://ci.example.com/1')
  })

  test('a press opens and closes a row', () => {
    show(<Suspects ranking={ranking} />)
    const none = screen.getAllByRole('button')[1]!
    expect(screen.queryByText('some come from none')?.closest('[hidden]')).not.toBeNull()
    fireEvent.click(none)
    expect(none.getAttribute('aria-expanded')).toBe('true')
    expect(screen.getByText('some come from none').closest('[hidden]')).toBeNull()
    fireEvent.click(none)
    expect(none.getAttribute('aria-expanded')).toBe('false')
  })

  test('says that there is no ranking yet', () => {
    show(<Suspects ranking={null} />)
    expect(screen.getByText(/Not ranked yet/)).toBeDefined()
  })
})

test('evidence calls a bad shift worse, and an unknown one unknown', () => {
  show(<EvidenceTable ranking={ranking} />)
  const rows = screen.getAllByRole('row').slice(1)
  expect(rows.map((r) => r.textContent)).toEqual(['error_rate0.8%13.8%+31.2', 'request_rate88/s86/s\u22120.4', 'odd–––'])
  expect(rows.map((r) => r.querySelector('.worse') !== null)).toEqual([true, false, false])
})

test('the timeline has the latest first and names people but not the daemon', () => {
  const e = (seq: number, kind: string, at: string, actor: string, text: string): TimelineEvent => ({ seq, incident: 'i', kind, at, actor, text })
  show(<Timeline events={[e(1, 'opened', '2026-03-04T12:00:00Z', 'tocsin', 'v1 -> v2'), e(2, 'notified', '2026-03-04T12:00:00Z', 'tocsin', ''), e(3, 'acknowledged', '2026-03-04T12:05:00Z', 'on-call', 'on it'), e(4, 'strange', '2026-03-04T11:00:00Z', 'tocsin', 'x')]} />)
  const rows = screen.getAllByRole('listitem').map((li) => li.textContent ?? '')
  expect(rows[0]).toMatch(/^Acknowledged.*by on-callon it$/)
  expect(rows[1]).toMatch(/^Told/)
  expect(rows[2]).toMatch(/^Opened.*v1 → v2$/)
  expect(rows[2]).not.toContain('tocsin')
  expect(rows[3]).toMatch(/^strange/)
})

test('deliveries tell what arrived, what waits and what was given up', () => {
  const d = { seq: 1, attempts: 1, created: '2026-03-04T12:00:00Z' }
  show(
    <Deliveries
      deliveries={[
        { ...d, channel: 'slack', state: 'sent', done: '2026-03-04T12:00:02Z' },
        { ...d, channel: 'pager', state: 'waiting', attempts: 3, due: '2026-03-04T12:01:00Z', error: '503' },
        { ...d, channel: 'chat', state: 'merged', error: 'a newer message shows it' },
        { ...d, channel: 'late', state: 'waiting', attempts: 0, muted: 'maintenance', muted_by: 'db upgrade', due: '2026-03-04T13:00:00Z' },
        { ...d, channel: 'mail', state: 'failed', done: '2026-03-04T12:30:00Z', error: 'no such host' },
      ]}
    />,
  )
  const rows = screen.getAllByRole('listitem').map((li) => li.textContent ?? '')
  expect(rows[0]).toContain('sent')
  expect(rows[1]).toMatch(/waiting.*3 tries.*503/)
  expect(rows[2]).toMatch(/waiting held back by maintenance window db upgrade$/)
  expect(rows[3]).toMatch(/failed.*given up.*no such host/)
  expect(rows).toHaveLength(4)
  expect(screen.getByText(/One further event was told within a newer message/)).toBeDefined()
})

test('occurrences: what is strong first, of that what fires, a long list shortened', () => {
  const o = (key: string, x: Partial<Occurrence>): Occurrence => ({
    key, name: key, source: 'anomaly', service: 's', severity: 'info', condition: 'firing', symptom: false, strong: false, since: '2026-03-04T12:00:00Z', at: '', value: 1, expected: null, lower: null, upper: null, threshold: null, score: null, ...x,
  })
  const many = Array.from({ length: 20 }, (_, i) => o(`w${i}`, {}))
  show(<Occurrences occurrences={[o('over', { condition: 'cleared', strong: true, source: 'alert' }), ...many, o('strong', { strong: true }), o('alert', { strong: true, source: 'alert' })]} dropped={3} />)
  const names = () => screen.getAllByRole('row').slice(1).map((r) => r.querySelector('strong')?.textContent)
  expect(names().slice(0, 3)).toEqual(['alert', 'strong', 'over'])
  expect(names()).toHaveLength(12)
  fireEvent.click(screen.getByRole('button', { name: 'Show all 23' }))
  expect(names()).toHaveLength(23)
  expect(names().at(-1)).toBe('w19')
  expect(screen.getByText(/3 more belong to it/)).toBeDefined()
})

test('what still fired when its incident ended is said to have gone on, not to fire for ever', () => {
  const o: Occurrence = {
    key: 'k', name: 'heap', source: 'anomaly', service: 's', severity: 'info', condition: 'firing', symptom: false, strong: false, since: '2026-03-04T12:00:00Z', at: '', value: 1, expected: null, lower: null, upper: null, threshold: null, score: null,
  }
  show(<Occurrences occurrences={[o, { ...o, key: 'l', condition: 'cleared' }]} dropped={0} over />)
  expect(screen.getAllByRole('row').slice(1).map((r) => r.querySelector('.chip')?.textContent)).toEqual(['went on', 'cleared'])
})

describe('the worst of an episode', () => {
  test('the value of an anomaly that goes on is told with its age, for it is told when something changes', () => {
    const on: Occurrence = { ...over, condition: 'firing', at: new Date(Date.now() - 5.5 * 60_000).toISOString() }
    show(<Occurrences occurrences={[on, { ...on, key: 'alert', source: 'alert' }]} dropped={0} />)
    const now = () => [...document.querySelectorAll('td[data-label="Now"]')].map((c) => c.textContent)
    expect(now()).toEqual(['0.231%', '0.231%5 min ago'])
    cleanup()
    show(<Occurrences occurrences={[on]} dropped={0} over />)
    expect(now()).toEqual(['0.231%'])
  })

  const over: Occurrence = {
    key: 'k', name: 'error_rate', source: 'anomaly', service: 's', severity: 'warning', condition: 'cleared', symptom: true, strong: true, since: '2026-03-04T12:00:00Z', at: '2026-03-04T12:09:00Z', unit: 'ratio',
    value: 0.00231, expected: 0.0204, lower: 0.01, upper: 0.03, threshold: null, score: 0.2,
    worst: { at: '2026-03-04T12:01:00Z', value: 0.3, expected: 0.0025, lower: 0.001, upper: 0.01, score: 0.99999 },
  }

  test('stands beside the present value in the table, against what was normal', () => {
    show(<Occurrences occurrences={[over]} dropped={0} />)
    expect(screen.getAllByRole('columnheader').map((h) => h.textContent)).toEqual(['What', 'Worst', 'Now', 'Expected', 'Standing'])
    expect(screen.getAllByRole('cell').slice(1, 4).map((c) => c.textContent)).toEqual(['30%', '0.231%', '0.25%'])
  })

  test('is what an anomaly is told by; the present value only while it goes on', () => {
    expect(distance(over, true)).toBe('30% at worst, expected 0.25% (0.1% to 1%)')
    expect(distance({ ...over, condition: 'firing', value: 0.12 }, false)).toBe('30% at worst, expected 0.25% (0.1% to 1%), now 12%')
    expect(distance({ ...over, condition: 'held', value: 0.12 }, false)).toBe('30% at worst, expected 0.25% (0.1% to 1%), last 12%')
    expect(distance({ ...over, value: 0.3 }, false)).toBe('30%, expected 0.25% (0.1% to 1%)')
    const { worst: _, ...old } = over
    expect(distance({ ...old, lower: null }, true)).toBe('0.231%, expected 2.04%')
    expect(normal({ ...over, worst: { ...over.worst!, expected: null } }).expected).toBe(0.0204)
    expect(worst(old)).toMatchObject({ at: over.at, value: over.value })
  })
})

test('only http and https become links', () => {
  show(
    <>
      <OutLink href="javascript:alert(1)">bad</OutLink>
      <OutLink href="https://x.example">good</OutLink>
    </>,
  )
  expect(screen.queryByText('bad')).toBeNull()
  expect(screen.getByRole('link').getAttribute('rel')).toBe('noopener noreferrer')
})

describe('Actions', () => {
  const incident = { id: 'i1', title: 'checkout burns', state: 'open' } as Incident

  test('acknowledging sends name and note, and remembers the name', async () => {
    const fetch = vi.fn(() => Promise.resolve(new Response('{}')))
    vi.stubGlobal('fetch', fetch)
    const changed = vi.fn()
    show(<Actions incident={incident} changed={changed} />)
    fireEvent.click(screen.getByRole('button', { name: 'Acknowledge' }))
    fireEvent.change(await screen.findByLabelText(/Your name/), { target: { value: 'on-call' } })
    fireEvent.change(screen.getByLabelText('Note'), { target: { value: 'on it' } })
    fireEvent.click(screen.getByRole('button', { name: 'I am on it' }))
    await waitFor(() => expect(changed).toHaveBeenCalled())
    expect(fetch).toHaveBeenCalledWith('/api/v1/tocsin/incidents/i1/ack', expect.objectContaining({ body: '{"actor":"on-call","note":"on it"}' }))
    expect(localStorage.getItem('tocsin-name')).toBe('on-call')
  })

  test("a refusal keeps the form and shows the daemon's sentence", async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('{"error":"incident i1 is resolved already","retryable":false}', { status: 409 })))
    show(<Actions incident={incident} changed={() => undefined} />)
    fireEvent.click(screen.getByRole('button', { name: 'Resolve' }))
    fireEvent.change(await screen.findByLabelText(/Your name/), { target: { value: 'on-call' } })
    fireEvent.click(screen.getByRole('button', { name: 'It is over' }))
    expect((await screen.findByRole('alert')).textContent).toContain('incident i1 is resolved already')
    expect(screen.getByRole('button', { name: 'It is over' })).toBeDefined()
  })

  test('merging asks for the other incident and sends it', async () => {
    const fetch = vi.fn(() => Promise.resolve(new Response('{}')))
    vi.stubGlobal('fetch', fetch)
    const changed = vi.fn()
    show(<Actions incident={incident} changed={changed} />)
    fireEvent.click(screen.getByRole('button', { name: 'Merge' }))
    fireEvent.change(await screen.findByLabelText(/other incident/), { target: { value: ' i2 ' } })
    fireEvent.change(screen.getByLabelText(/Your name/), { target: { value: 'on-call' } })
    fireEvent.click(screen.getByRole('button', { name: 'They are one' }))
    await waitFor(() => expect(changed).toHaveBeenCalled())
    expect(fetch).toHaveBeenCalledWith('/api/v1/tocsin/incidents/i1/merge', expect.objectContaining({ body: '{"actor":"on-call","note":"","with":"i2"}' }))
  })

  test('nothing can be done to what is over, and what is taken is not taken again', () => {
    const { rerender } = show(<Actions incident={{ ...incident, state: 'merged' }} changed={() => undefined} />)
    expect(screen.queryAllByRole('button')).toHaveLength(0)
    rerender(
      <MantineProvider>
        <Actions incident={{ ...incident, state: 'acknowledged' }} changed={() => undefined} />
      </MantineProvider>,
    )
    expect(screen.getAllByRole('button').map((b) => b.textContent)).toEqual(['Resolve', 'Mitigated', 'Merge'])
  })
})

test('charts are drawn for strong occurrences first, each query once', () => {
  const o = (key: string, strong: boolean, query?: string) => ({ key, strong, ...(query && { query }) }) as Occurrence
  expect(drawable([o('weak', false, 'q2'), o('none', true), o('strong', true, 'q1{a="b"}'), o('again', true, '{__name__="q1", a="b"}')]).map((x) => x.key)).toEqual(['strong', 'weak'])
})

test('charts begin before the onset by as long as it lasts, or before a likely suspect', () => {
  const onset = Date.parse('2026-03-04T12:00:00Z')
  const incident = { onset: '2026-03-04T12:00:00Z' } as Incident
  const at = (started: string, probability: number) =>
    (windowStart({ incident, ranking: { ...ranking, findings: [{ ...ranking.findings[0]!, probability, change: { ...change, started } }, ranking.findings[1]!] } }, onset + 3600_000) - onset) / 60_000
  const plain = (minutes: number) => (windowStart({ incident, ranking: null }, onset + minutes * 60_000) - onset) / 60_000
  expect([1, 35, 600].map(plain)).toEqual([-20, -35, -60])
  expect(at('2026-03-04T11:50:00Z', 0.9)).toBe(-60)
  expect(at('2026-03-04T10:30:00Z', 0.9)).toBe(-95)
  expect(at('2026-03-04T10:30:00Z', 0.05)).toBe(-60)
  expect(at('2026-03-03T10:30:00Z', 0.9)).toBe(-60)
})

test('j and k move along the rows and stop at the ends', () => {
  Element.prototype.scrollIntoView = () => undefined
  document.body.innerHTML = '<a href="#1" data-row>1</a><a href="#2" data-row>2</a>'
  const at = () => document.activeElement?.textContent
  moveRow(1)
  expect(at()).toBe('1')
  moveRow(1)
  moveRow(1)
  expect(at()).toBe('2')
  moveRow(-1)
  expect(at()).toBe('1')
  document.body.innerHTML = ''
  moveRow(1)
})
