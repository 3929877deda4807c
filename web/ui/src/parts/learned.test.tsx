import { MantineProvider } from '@mantine/core'
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import type { Incident, Ranking } from '../api/nouns.ts'
import FeedbackPage, { scope } from '../pages/feedback.tsx'
import { Feedback } from './feedback.tsx'
import { Likeness } from './likeness.tsx'

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

type Sent = { url: string; body: unknown }

/** Answers each address by the first text that it holds. */
function show(node: React.ReactNode, answers: Record<string, unknown>): Sent[] {
  const sent: Sent[] = []
  vi.stubGlobal('fetch', (url: string, init?: RequestInit) => {
    if (init?.method === 'POST') sent.push({ url, body: JSON.parse(String(init.body)) })
    const key = Object.keys(answers).find((k) => url.includes(k))
    return Promise.resolve(new Response(JSON.stringify(key ? answers[key] : {})))
  })
  render(<MantineProvider>{node}</MantineProvider>)
  return sent
}

const unknown = { took_seconds: null, p50_seconds: null, p80_seconds: null, p95_seconds: null, left_p50_seconds: null, left_p80_seconds: null, based_on: 2, reason: 'not enough history: 2 comparable' }
const known = { ...unknown, p50_seconds: 1800, p80_seconds: 5400, p95_seconds: 14400, left_p50_seconds: 600, left_p80_seconds: 4200, based_on: 14, reason: '' }

test('quantiles come with the count behind them, and none without history', async () => {
  show(<Likeness incident="a" />, { similar: { incident: 'a', similar: [], compared: 7, nothing: 'nothing', estimates: { detect: { ...unknown, took_seconds: 60 }, ack: unknown, mitigate: unknown, resolve: known } } })
  expect(await screen.findByText('Nothing similar among 7 past incidents.')).toBeTruthy()
  expect(screen.getByText('took 60 s')).toBeTruthy()
  expect(screen.getAllByText(/not enough history/)).toHaveLength(2)
  expect(screen.getByText('14 incidents; 10 min left, or 70 min').closest('tr')?.textContent).toContain('30 min90 min4 h')
})

test('a similar incident shows what was done as fact', async () => {
  const record = { incident: 'b', title: 'pay: errors', service: 'pay', opened: '2026-01-05T10:00:00Z', cause: 'deployment pay v1', confirmed: true, ended: [{ kind: 'rollback', text: 'rolled back: pay v1', actor: 'tocsin', at: '2026-01-05T10:20:00Z', helped: true }] }
  show(<Likeness incident="a" />, { similar: { incident: 'a', similar: [{ record, similarity: 0.83, level: 'class', shared: [{ what: 'alert HighErrors', now: 2, then: 2 }] }], compared: 7, estimates: { detect: unknown, ack: unknown, mitigate: unknown, resolve: unknown } } })
  const row = (await screen.findByText('83% alike')).closest('li')
  for (const text of ['by services of the same kind', 'Confirmed cause: deployment pay v1', 'it recovered after that', 'both: alert HighErrors']) expect(row?.textContent).toContain(text)
})

const incident = { id: 'a', service: 'pay', state: 'open', occurrences: [{ name: 'HighErrors', signal: 'error_rate' }] } as unknown as Incident
const ranking = { findings: [{ change: { id: 'c1' }, title: 'deployment pay v1' }, { change: null, title: 'none' }] } as unknown as Ranking

test('a wrong cause is told with the right one', async () => {
  const changed = vi.fn()
  const sent = show(<Feedback incident={incident} ranking={ranking} changed={changed} />, { feedback: { feedback: [] } })
  fireEvent.click(await screen.findByRole('button', { name: 'Wrong cause' }))
  fireEvent.change(screen.getByLabelText('Which one was right'), { target: { value: 'none' } })
  fireEvent.change(screen.getByLabelText(/Your name/), { target: { value: 'ann' } })
  fireEvent.click(screen.getByRole('button', { name: 'Say so' }))
  await waitFor(() => expect(changed).toHaveBeenCalled())
  expect(sent[0]).toEqual({ url: '/api/v1/tocsin/incidents/a/feedback', body: { kind: 'wrong_cause', actor: 'ann', note: '', cause: 'c1', right: 'none' } })
})

test('what is expected has a scope, a reason and an end', async () => {
  const sent = show(<Feedback incident={incident} ranking={null} changed={() => {}} />, { feedback: { feedback: [] } })
  expect(screen.queryByRole('button', { name: 'Right cause' })).toBeNull()
  fireEvent.click(await screen.findByRole('button', { name: 'Expected' }))
  fireEvent.change(screen.getByLabelText('What of pay is expected'), { target: { value: 'error_rate' } })
  fireEvent.change(screen.getByLabelText('For how long'), { target: { value: '86400' } })
  fireEvent.change(screen.getByLabelText(/Your name/), { target: { value: 'ann' } })
  fireEvent.change(screen.getByLabelText(/Why/), { target: { value: 'load test' } })
  fireEvent.click(screen.getByRole('button', { name: 'Say so' }))
  await waitFor(() => expect(sent).toHaveLength(1))
  expect(sent[0]?.body).toEqual({ kind: 'expected', actor: 'ann', expect: { service: 'pay', signal: 'error_rate', reason: 'load test', for_seconds: 86400 } })
})

test('the page ends an expectation and goes back to an earlier row', async () => {
  const row = { id: 2, kind: 'refit', at: '2026-01-05T10:00:00Z', actor: 'tocsin', labels: [1, 2], before: 0.8, after: 0.6, taken: true, reason: 'better', weights: { multipliers: { time: 1.3 }, slope: 1, offset: 0 }, to: 0 }
  const sent = show(<FeedbackPage />, {
    '/end': {}, undo: row,
    expectations: { expectations: [{ id: 7, service: 'pay', reason: 'load test', actor: 'ann', created: '2026-01-05T10:00:00Z', expires: '2999-01-05T10:00:00Z', matched: 0 }] },
    weights: { current: row, history: [row, { ...row, id: 1 }], labels: 12, wanted: 10 },
  })
  fireEvent.click(await screen.findByRole('button', { name: 'End the expectation load test' }))
  fireEvent.change(screen.getByLabelText(/Your name/), { target: { value: 'ann' } })
  fireEvent.click(screen.getAllByRole('button', { name: 'End it' }).at(-1) as HTMLElement)
  await waitFor(() => expect(sent[0]?.url).toContain('/expectations/7/end'))
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  fireEvent.click(await screen.findByRole('button', { name: 'Go back to row 1' }))
  fireEvent.change(screen.getByLabelText(/Your name/), { target: { value: 'ann' } })
  fireEvent.click(screen.getAllByRole('button', { name: 'Go back' }).at(-1) as HTMLElement)
  await waitFor(() => expect(sent[1]?.body).toEqual({ to: 1, actor: 'ann', reason: '' }))
})

test('a scope is said in words', () => {
  expect(scope({ service: 'pay', signal: 'error_rate', hours: { from: '22:00', to: '04:00', days: ['sat'], zone: 'UTC' } })).toBe('error_rate of pay from 22:00 to 04:00 on sat (UTC)')
  expect(scope({ environment: 'prod' })).toBe('anything in prod')
})
