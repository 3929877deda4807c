import { MantineProvider } from '@mantine/core'
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import type { Topology } from '../api/nouns.ts'
import TopologyPage from './topology.tsx'

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  history.replaceState(null, '', '/')
})

const unknown = { requests_per_second: null, error_ratio: null, p95_seconds: null, self_p90_seconds: null, incidents: [] }
const noCalls = { calls_per_second: null, error_ratio: null, client_p50_seconds: null, server_p50_seconds: null, gap_p50_seconds: null }
const shop: Topology = {
  at: '2026-03-04T12:00:00Z', alias: {}, more: false,
  nodes: [
    { name: 'web', kind: 'service', requests_per_second: 80, error_ratio: 0, p95_seconds: 2.5, self_p90_seconds: 0.012, incidents: [{ id: 'i1', title: 'web is slow', state: 'open', severity: 'critical' }] },
    { name: 'pay', kind: 'service', requests_per_second: 40, error_ratio: 0.01, p95_seconds: 2.4, self_p90_seconds: 1.9, incidents: [] },
    { name: 'box-1', kind: 'host', ...unknown },
  ],
  edges: [
    { from: 'web', to: 'pay', kind: 'calls', sources: ['spans', 'metrics'], weight: 9, seen: '2026-03-04T12:00:00Z', calls_per_second: 40, error_ratio: 0.01, client_p50_seconds: 2.1, server_p50_seconds: 2, gap_p50_seconds: 0.1 },
    { from: 'pay', to: 'box-1', kind: 'runs_on', sources: ['metrics'], weight: 0, ...noCalls },
  ],
}

function show(t: Topology): string[] {
  const asked: string[] = []
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url)
    return Promise.resolve(new Response(JSON.stringify(t)))
  })
  render(
    <MantineProvider>
      <TopologyPage />
    </MantineProvider>,
  )
  return asked
}

test('services and calls stand in tables beside the graph, hosts when asked for', async () => {
  show(shop)
  const link = await screen.findByRole('link', { name: 'web is slow' })
  expect(link.getAttribute('href')).toBe('/incidents/i1')
  expect(screen.getByRole('row', { name: /^pay / }).textContent).toBe('pay 40/s1%2.4 s1.9 s')
  expect(screen.getByRole('row', { name: /^web pay/ }).textContent).toContain('40/s1%2.1 s2 s100 msspans, metrics')
  expect(screen.queryAllByText(/box-1/)).toHaveLength(0)
  fireEvent.click(screen.getByLabelText('Hosts'))
  expect(screen.getAllByText(/box-1/).length).toBeGreaterThan(1)
})

test('a service in the address asks for what is around it', async () => {
  history.replaceState(null, '', '/topology?service=pay')
  const asked = show(shop)
  await screen.findByRole('link', { name: 'web is slow' })
  expect(asked[0]).toContain('service=pay')
  fireEvent.click(screen.getByRole('button', { name: 'Show all' }))
  await waitFor(() => expect(asked.at(-1)).not.toContain('service='))
})

test('where nothing is known the page says how to tell', async () => {
  show({ ...shop, nodes: [], edges: [] })
  expect(await screen.findByText(/otlphttp\/tocsin/)).toBeTruthy()
})
