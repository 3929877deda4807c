import { MantineProvider } from '@mantine/core'
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import { Router } from 'wouter'
import { memoryLocation } from 'wouter/memory-location'
import type { NotifyEntry } from '../api/nouns.ts'
import Notifications from './notifications.tsx'

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

const entries: NotifyEntry[] = [
  { id: 3, at: '2026-03-04T12:02:00Z', what: 'failed', channel: 'pager', subject: 'i1', event: 'opened', attempt: 9, code: '503', reason: 'gave_up', detail: 'given up after 9 tries' },
  { id: 2, at: '2026-03-04T12:01:00Z', what: 'muted', channel: 'slack', subject: 'group/g', event: 'group/first', reason: 'maintenance', detail: 'held back by maintenance window db upgrade' },
  { id: 1, at: '2026-03-04T12:00:00Z', what: 'unrouted', subject: 'i2', event: 'opened', detail: 'severity info is below what its channels want' },
]

function show(path: string, list: NotifyEntry[], more = false) {
  const asked: string[] = []
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url)
    return Promise.resolve(new Response(JSON.stringify({ entries: list, more, cursor: '1' })))
  })
  const { hook, searchHook } = memoryLocation({ path, searchPath: path.split('?')[1] ?? '' })
  render(
    <MantineProvider>
      <Router hook={hook} searchHook={searchHook}>
        <Notifications />
      </Router>
    </MantineProvider>,
  )
  return asked
}

test('the journal says what happened, to whom and why', async () => {
  const asked = show('/notifications', entries, true)
  await screen.findByText('given up after 9 tries')
  expect(asked[0]).toBe('/api/v1/tocsin/notify/log?limit=100')
  const rows = screen.getAllByRole('listitem').map((li) => li.textContent ?? '')
  expect(rows[0]).toMatch(/pager failed opened.*try 9answer 503the incident/)
  expect(rows[1]).toMatch(/slack held back first.*maintenance window db upgrade.*group\/g/)
  expect(rows[2]).toMatch(/nobody for nobody opened/)
  fireEvent.change(screen.getByLabelText('Only entries that hold'), { target: { value: 'MAINTENANCE' } })
  expect(screen.getAllByRole('listitem')).toHaveLength(1)
  fireEvent.change(screen.getByLabelText('Only entries that hold'), { target: { value: 'no such thing' } })
  expect(screen.getByText('No entry holds “no such thing”.')).toBeDefined()
  fireEvent.click(screen.getByRole('button', { name: 'Show more' }))
  await waitFor(() => expect(asked.at(-1)).toBe('/api/v1/tocsin/notify/log?limit=200'))
})

test('one incident, and nothing of the kind', async () => {
  const asked = show('/notifications?incident=i1&what=sent', [])
  await screen.findByText('Nothing of the kind happened.')
  expect(asked[0]).toBe('/api/v1/tocsin/notify/log?incident=i1&what=sent&limit=100')
  expect(screen.getByRole('link', { name: 'one incident' }).getAttribute('href')).toBe('/incidents/i1')
})

test('nothing was told yet', async () => {
  show('/notifications', [])
  expect(await screen.findByText('Nothing was told yet')).toBeDefined()
})
