import { MantineProvider } from '@mantine/core'
import { cleanup, render, screen } from '@testing-library/react'
import { afterEach, expect, test } from 'vitest'
import type { Analysis } from '../api/nouns.ts'
import { Causes, evidenceText } from './causes.tsx'

afterEach(cleanup)

const full: Analysis = {
  primary_cause: {
    service: 'pay', kind: 'latency', title: 'requests take longer in pay itself', probability: 0.82, confidence: 'high', score: 2.9, onset: '2026-03-04T11:47:00Z', path: ['web', 'cart', 'pay'],
    change: { id: 'd42', kind: 'deployment', service: 'pay', version_from: 'v41', version_to: 'v42', started: '2026-03-04T11:46:00Z', status: 'succeeded', received: '' },
    evidence: [
      { service: 'pay', basis: 'observed', signal: 'time in the service itself (p90)', unit: 'seconds', before: 0.024, after: 0.82, z: 44 },
      { basis: 'inferred', text: 'web is slow because it waits for pay', signal: '', before: null, after: null, z: null },
    ],
  },
  contributing_factors: [{ service: 'db', kind: 'saturation', title: 'db is busy', change: null, probability: 0.1, confidence: 'low', score: 1, evidence: [] }],
  affected_services: [{ service: 'web', path: ['web', 'cart', 'pay'] }, { service: 'pay' }],
  suggested_fixes: [{ title: 'Roll pay back to v41', source: 'change', ref: 'd42', helped: 3, tried: 4 }],
  prevention_measures: [{ title: 'Canary', reason: 'v42 went to all at once', basis: 'observed' }],
  estimated_time_to_resolve: { p50_seconds: 900, p80_seconds: 2400, p95_seconds: 7200, based_on: 14 },
  unexplained: '',
  against: [{ text: 'two instances are as fast as before', basis: 'observed' }],
}

function show(analysis: Analysis | null | undefined): string {
  const { container } = render(
    <MantineProvider>
      <Causes analysis={analysis} />
    </MantineProvider>,
  )
  return (container.querySelector('section')?.textContent ?? '').replaceAll(/\s+/g, ' ')
}

test('the cause stands with its band, evidence by basis, way, fixes, time and what argues against it', () => {
  const text = show(full)
  for (const want of [
    'high confidence 82%',
    'requests take longer in pay itself after deployment pay v41 → v42',
    'web → cart → pay',
    'observed time in the service itself (p90) of pay went from 24 ms to 820 ms',
    'inferred web is slow because it waits for pay',
    'What argues against itobserved two instances are as fast as before',
    'db is busy (10%, low)',
    'web by way of cart',
    'Roll pay back to v41 (change, helped 3 of 4 times)',
    'Half of such incidents were over within 15 min, 80 of 100 within 40 min, 95 within 2 h; from 14 incidents.',
    'Canary: v42 went to all at once',
  ]) {
    expect(text).toContain(want)
  }
  expect(screen.getAllByRole('link', { name: 'pay' })[0]?.getAttribute('href')).toBe('/topology?service=pay')
})

test('what is unexplained says why, and what is not known is left out', () => {
  const text = show({ ...full, primary_cause: null, unexplained: 'nothing moved before the onset', contributing_factors: null, affected_services: null, suggested_fixes: null, prevention_measures: null, against: null, estimated_time_to_resolve: { p50_seconds: null, p80_seconds: null, p95_seconds: null, based_on: 2, reason: 'only 2 like it' } })
  expect(text).toContain('Unexplained: nothing moved before the onset.')
  expect(text).toContain('Not known: only 2 like it.')
  expect(text).not.toContain('What may end it')
  expect(text).not.toContain('confidence')
})

test('without an analysis nothing is shown', () => {
  expect(show(null)).toBe('')
  expect(show(undefined)).toBe('')
})

test('evidence without figures names the signal', () => {
  expect(evidenceText({ signal: 'error_rate', before: null, after: 1, z: null })).toBe('error_rate')
})
