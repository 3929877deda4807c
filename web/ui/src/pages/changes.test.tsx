import { MantineProvider } from '@mantine/core'
import { render, screen } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import Changes from './changes.tsx'

afterEach(() => vi.unstubAllGlobals())

const base = { kind: 'deployment', service: 'pay', received: '2026-01-05T00:00:00Z' }

test('a deployment shows its way through the stages, what is wrong with it and who knows of it', async () => {
  const changes = [
    { ...base, id: 'c', version_to: 'v1', started: '2026-01-05T02:00:00Z', status: 'succeeded', labels: { revert_of: 'b' } },
    { ...base, id: 'b', version_to: 'v2', started: '2026-01-05T01:00:00Z', status: 'rolled_back', sources: ['reported', 'telemetry/build_info'] },
  ]
  const stages = {
    b: {
      stage: 'production', trigger: 'manual', approval: 'missing',
      passed: [{ stage: 'staging', change: 'a', status: 'succeeded', at: '2026-01-05T00:30:00Z' }],
      warnings: ['production requires an approval, and it was not given'],
    },
  }
  vi.stubGlobal('fetch', vi.fn(async () => new Response(JSON.stringify({ changes, verdicts: {}, stages, more: false }), { headers: { 'Content-Type': 'application/json' } })))
  render(
    <MantineProvider>
      <Changes />
    </MantineProvider>,
  )
  expect(await screen.findByText(/rolls back v2/)).toBeTruthy()
  expect(screen.getByText(/told, and seen by build info/)).toBeTruthy()
  expect(screen.getByRole('group', { name: 'Stages' }).textContent).toMatch(/staging.*→production.*approval, and it was not given/)
})
