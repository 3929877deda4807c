import { MantineProvider } from '@mantine/core'
import { cleanup, render, screen } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import type { Anomaly } from '../api/nouns.ts'
import Anomalies from './anomalies.tsx'

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

const one: Anomaly = {
  key: 'series:x', name: 'heap_bytes', source: 'anomaly', service: 'web', severity: 'info', condition: 'cleared', symptom: false, strong: false, since: '2026-03-04T12:00:00Z', at: '2026-03-04T12:02:00Z', ended: '2026-03-04T12:02:00Z',
  value: 1, expected: 1, lower: 0, upper: 2, threshold: null, score: 0.5, peak: 0.999, kind: 'spike', query: '{__name__="heap_bytes", service="web"}',
}
const group: Anomaly = {
  ...one, key: 'group:web', name: 'metrics together', kind: 'group', query: '{__name__="load1", instance="a:1", service="web"}',
  labels: { guilty_2: '{__name__="queue", service="web"}', guilty_1: '{__name__="load1", instance="a:1", service="web"}', guilty_3: '{__name__="heap", service="web", zone="b"}' },
}

function show(anomalies: Anomaly[]) {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(JSON.stringify({ anomalies, more: false }))))
  render(
    <MantineProvider>
      <Anomalies />
    </MantineProvider>,
  )
}

test('metrics that are odd together are named, the oddest first, each with a link to its chart', async () => {
  show([group])
  const row = (await screen.findAllByText('metrics together'))[0]?.closest('li')
  expect(row?.textContent).toContain('oddest: load1{instance="a:1"}, queue, heap{zone="b"}')
  const links = [...(row?.querySelectorAll('a') ?? [])].map((a) => decodeURIComponent(a.getAttribute('href') ?? ''))
  expect(links).toContain('/explore?query=queue{service="web"}')
  expect(screen.queryByRole('button', { name: 'Why?' })).toBeNull()
})

test('a single series can be asked why, and names nobody else', async () => {
  show([one])
  const row = (await screen.findAllByText('heap_bytes'))[0]?.closest('li')
  expect(row?.textContent).not.toContain('oddest')
  expect(screen.getByRole('button', { name: 'Why?' })).toBeTruthy()
})
