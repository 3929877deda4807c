// @vitest-environment jsdom
import { MantineProvider } from '@mantine/core'
import { cleanup, render, screen } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import { Verdict } from './verdict.tsx'

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

test('a verdict shows each signal before and after, and the canary beside the baseline', async () => {
  const judged = { margin: 0.01, harm: 412, safe: 0.1, blocks: 8 }
  const answer = {
    change: { id: 'd1' },
    verdict: {
      state: 'faulty',
      at: '2026-03-04T12:00:00Z',
      final: true,
      evidence: 400,
      placebos: 100,
      beaten: 100,
      reason: 'error_rate is worse',
      signals: [
        { signal: 'error_rate', unit: 'ratio', before: 0.004, after: 0.089, shift: 0.085, ...judged },
        { signal: 'p95_latency', unit: 'seconds', before: 0.1, after: 0.1, shift: 0, ...judged, lacks: '2 of 6 blocks since the change' },
        { signal: 'memory', unit: 'bytes', before: 2048, after: 0, shift: 0, margin: 0, harm: 0, safe: 0, blocks: 0, lacks: '0 of 6 blocks since the change' },
      ],
      arms: { label: 'version', canary: 'v42', baseline: 'v41', evidence: 90, signals: [{ signal: 'error_rate', unit: 'ratio', baseline: 0.004, canary: 0.09, margin: 0.01, harm: 88, safe: 0.2, blocks: 8 }] },
    },
    history: [{ state: 'collecting', at: '2026-03-04T11:00:00Z' }],
  }
  vi.stubGlobal('fetch', vi.fn(async () => new Response(JSON.stringify(answer), { headers: { 'Content-Type': 'application/json' } })))
  render(
    <MantineProvider>
      <Verdict id="d1" />
    </MantineProvider>,
  )
  expect(await screen.findByText('error_rate is worse')).toBeDefined()
  const cells = [...document.querySelectorAll('table')].map((t) => [...t.querySelectorAll('tr')].map((r) => [...r.children].map((c) => c.textContent)))
  expect(cells[0]?.[0]?.slice(0, 3)).toEqual(['Signal', 'Before', 'After'])
  expect(cells[0]?.[1]).toEqual(['error_rate', '0.4%', '8.9%', '1%', '412', '0.100'])
  expect(cells[0]?.[2]?.slice(4)).toEqual(['2 of 6 blocks since the change', ''])
  expect(cells[0]?.[3]).toEqual(['memory', '2 KiB', '–', '–', '0 of 6 blocks since the change', ''])
  expect(cells[1]?.[0]?.slice(0, 3)).toEqual(['Signal', 'v41', 'v42'])
  expect(cells[1]?.[1]).toEqual(['error_rate', '0.4%', '9%', '1%', '88.0', '0.200'])
  expect(document.querySelector('caption')?.textContent).toBe('version v42 beside v41 in the same time')
})
