import { MantineProvider } from '@mantine/core'
import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import { Postmortem } from './postmortem.tsx'

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

function answering(status: number, body: unknown) {
  const f = vi.fn(() => Promise.resolve(new Response(JSON.stringify(body), { status })))
  vi.stubGlobal('fetch', f)
  render(
    <MantineProvider>
      <Postmortem id="01/A" />
    </MantineProvider>,
  )
  return f
}

test('it is written when somebody asks, as text', async () => {
  const f = answering(200, { markdown: '# Postmortem: <b>pay</b>', charts: [] })
  expect(f).not.toHaveBeenCalled()
  fireEvent.click(screen.getByRole('button', { name: 'Postmortem' }))
  expect(await screen.findByText('# Postmortem: <b>pay</b>')).toBeTruthy()
  expect(f).toHaveBeenCalledWith('/api/v1/tocsin/incidents/01%2FA/postmortem', expect.anything())
  expect(screen.getByRole('link', { name: 'Save as Markdown' }).getAttribute('href')).toBe('/api/v1/tocsin/incidents/01%2FA/postmortem.md')
})

test('what cannot be written is said', async () => {
  answering(404, { error: 'this daemon writes no reports' })
  fireEvent.click(screen.getByRole('button', { name: 'Postmortem' }))
  expect(await screen.findByText(/writes no reports/)).toBeTruthy()
})
