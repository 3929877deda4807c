import { MantineProvider } from '@mantine/core'
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import type { Objective } from '../api/nouns.ts'
import Objectives, { left, target } from './objectives.tsx'

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

const burning: Objective = {
  name: 'availability', service: 'checkout', counts: 'Failures.', objective: 0.999, window_seconds: 2_592_000, error_ratio: 0.00125, ratio_lower: 0.0012, ratio_upper: 0.0013,
  events: 4_102_889, bad_events: 5128, budget_left: -0.25, observed_seconds: 2_246_400, burning: 'critical', source: 'slos.yml:3', query: 'tocsin:slo:budget_left{slo="availability"}',
  burns: [{ rate: 14.4, severity: 'critical', long_seconds: 3600, short_seconds: 300, long_rate: 21.4, short_rate: 30.2, burning: true, query: 'burn' }],
}
const unknown: Objective = {
  name: 'fast', service: 'reports', counts: 'Slow ones.', objective: 0.9995, window_seconds: 604_800, error_ratio: null, ratio_lower: null, ratio_upper: null,
  events: null, bad_events: null, budget_left: null, observed_seconds: 0, source: 'slos.yml:9', burns: [],
}

function show(slos: Objective[]) {
  const asked: string[] = []
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url)
    const body = url.includes('query_range') ? { status: 'success', data: { resultType: 'matrix', result: [] } } : { slos, more: false }
    return Promise.resolve(new Response(JSON.stringify(body)))
  })
  render(
    <MantineProvider>
      <Objectives />
    </MantineProvider>,
  )
  return asked
}

test('an overdrawn budget says by how much, with the share and its interval, and opens to the burn rates', async () => {
  const asked = show([burning])
  const row = (await screen.findByText('checkout')).closest('li')
  expect(row?.textContent).toContain('overdrawn by 25%')
  expect(row?.textContent).toContain('burns, critical')
  expect(row?.textContent).toContain('0.125% of 4.1M events were bad (0.12% to 0.13%), in the 26 d that are known')
  fireEvent.click(screen.getByRole('button', { name: 'How it burns' }))
  expect(screen.getByText(/21.4 and 30.2/).textContent).toContain('too fast')
  await waitFor(() => expect(asked.some((u) => u.includes('query_range'))).toBe(true))
})

test('what has no data says so and draws nothing', async () => {
  show([unknown])
  const row = (await screen.findByText('reports')).closest('li')
  expect(row?.textContent).toContain('no data yet')
  expect(row?.textContent).toContain('Nothing was counted yet.')
  expect(screen.queryByRole('button', { name: 'How it burns' })).toBeNull()
})

test('without objectives the page says how to write one', async () => {
  show([])
  expect(await screen.findByText(/objective: 99.9%/)).toBeTruthy()
})

test('the filter keeps what burns', async () => {
  show([burning, unknown])
  await screen.findByText('checkout')
  fireEvent.click(screen.getByLabelText('Burning'))
  expect(screen.queryByText('reports')).toBeNull()
  expect(screen.getByText('checkout')).toBeTruthy()
})

test('figures are written as objectives are', () => {
  expect(target(0.999)).toBe('99.9%')
  expect(target(0.9995)).toBe('99.95%')
  expect(left({ budget_left: 0.4217 })).toBe('42.1% of the budget left')
})
