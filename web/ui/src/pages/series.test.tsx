import { MantineProvider } from '@mantine/core'
import { cleanup, fireEvent, render, screen, within } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import { Router } from 'wouter'
import { memoryLocation } from 'wouter/memory-location'
import type { Cardinality, CardinalityRow } from '../api/nouns.ts'
import { Hours } from '../parts/hours.tsx'
import Series from './series.tsx'

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

const hours = (last: number) => [...Array<number>(23).fill(1), last]

const leak: CardinalityRow = {
  name: 'orders_total', series: 3002, values: 0, bytes: 6_604_400, made: hours(3000), gone: hours(0), made_1h: 3000, made_24h: 3023, gone_24h: 23, error: 4,
  labels: [{ name: 'user_id', values: 3000 }], label: 'user_id', new_label: true,
  jump: {
    service: 'checkout', from: '2026-03-04T11:45:00Z', to: '2026-03-04T12:45:00Z', series: 3000, usual: 2, own: true,
    change: { id: 'd42', kind: 'deployment', service: 'checkout', version_from: 'v41', version_to: 'v42', started: '2026-03-04T11:43:00Z', status: 'succeeded', author: 'Dana', received: '' },
  },
  advice: [{ text: 'Drop them.', snippet: 'write_relabel_configs:\n  - action: drop\n' }],
}

function answer(by: string, rows: CardinalityRow[]): Cardinality {
  return {
    by: by as Cardinality['by'], at: '', since: '2026-03-01T00:00:00Z', series: 5000, stale: 7, most: 2_000_000, made: hours(5), gone: hours(0), made_24h: 28, gone_24h: 23,
    bytes_per_series: 2200, rows, more: false, without_change: 0,
  }
}

function show(path: string, rows: CardinalityRow[]) {
  const asked: string[] = []
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url)
    const by = new URL(url, 'http://h').searchParams.get('by') ?? ''
    return Promise.resolve(new Response(JSON.stringify(answer(by, rows))))
  })
  const { hook, searchHook } = memoryLocation({ path, searchPath: path.split('?')[1] ?? '' })
  render(
    <MantineProvider>
      <Router hook={hook} searchHook={searchHook}>
        <Series />
      </Router>
    </MantineProvider>,
  )
  return asked
}

test('where not all series were looked at, values of a label are said to be at least so many', async () => {
  show('/series', [{ ...leak, series: 50_000, labels: [{ name: 'user_id', values: 10_000 }] }])
  const row = (await screen.findByText('orders_total')).closest('tr')
  expect(row?.textContent).toContain('user_id 10k+ values')
})

test('a metric that grew names the label and the change before it, and opens to what can be done', async () => {
  show('/series', [leak])
  const row = (await screen.findByText('orders_total')).closest('tr')
  expect(row?.textContent).toContain('user_id 3,000 values, new')
  expect(row?.textContent).toContain('after deployment checkout v41 → v42')
  expect(row?.textContent).toContain('3,023+')
  fireEvent.click(within(row as HTMLElement).getByRole('button'))
  expect(screen.getByText(/3,000 new series of checkout in 60 min/)).toBeTruthy()
  expect(screen.getByText(/write_relabel_configs/)).toBeTruthy()
  expect(screen.getByRole('button', { name: 'Copy' })).toBeTruthy()
})

test('a jump without a change says so', async () => {
  const asked = show('/series?by=change', [{ ...leak, name: 'checkout', jump: { ...leak.jump!, change: null } }])
  expect(await screen.findByText('no change was recorded before it')).toBeTruthy()
  expect(asked[0]).toContain('by=change')
})

test('no jump is said in words', async () => {
  show('/series?by=change', [])
  expect(await screen.findByText(/No service made far more series/)).toBeTruthy()
})

test('hours are told to those who do not see them', () => {
  render(<Hours made={[1, 0, 4]} gone={[0, 2, 0]} label="up" />)
  expect(screen.getByRole('img').getAttribute('aria-label')).toBe('up: 5 made and 2 let go in 3 hours, at most 4 made in one')
})
