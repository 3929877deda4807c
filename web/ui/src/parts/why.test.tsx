import { MantineProvider } from '@mantine/core'
import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import { Why } from './why.tsx'

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

function answering(status: number, body: unknown) {
  const f = vi.fn(() => Promise.resolve(new Response(JSON.stringify(body), { status })))
  vi.stubGlobal('fetch', f)
  render(
    <MantineProvider>
      <Why query={'up{job="a"}'} at="2026-03-04T11:47:00Z" />
    </MantineProvider>,
  )
  return f
}

test('nothing is asked until somebody wants to know', async () => {
  const f = answering(200, { text: 'value 900 (expected 100): spike' })
  expect(f).not.toHaveBeenCalled()
  fireEvent.click(screen.getByRole('button', { name: 'Why?' }))
  expect(await screen.findByText('value 900 (expected 100): spike')).toBeTruthy()
  expect(f).toHaveBeenCalledWith('/api/v1/tocsin/explain?query=up%7Bjob%3D%22a%22%7D&time=2026-03-04T11%3A47%3A00Z', expect.anything())
  fireEvent.click(screen.getByRole('button', { name: 'Why?' }))
  expect(screen.queryByText(/spike/)).toBeNull()
})

test('what cannot be explained is said', async () => {
  answering(404, { error: 'no series matches up' })
  fireEvent.click(screen.getByRole('button', { name: 'Why?' }))
  expect(await screen.findByText(/no series matches up/)).toBeTruthy()
})
